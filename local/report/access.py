"""Reads storage of the local cloud as one of its identities, from inside this process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from contracts.outputs import PlatformOutputs
from local.environment import client_environment
from local.services.cloud import Cloud


@contextmanager
def acting_as(cloud: Cloud, outputs: PlatformOutputs, role: str, account: str) -> Iterator[None]:
    """Aim the Delta and object-store clients that the block opens at a storage account, as the identity of a role."""
    before = dict(os.environ)
    os.environ.update(client_environment(cloud, outputs.identities[role]["name"], account))
    try:
        yield
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        os.environ.update(before)
