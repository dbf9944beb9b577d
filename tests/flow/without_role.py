"""A role assignment taken away for a while; shared by the drills."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from contracts.events import Hub
from infra.roles import Place, Principal
from local.authorize import ASSIGNMENT
from local.resources import Resource
from tests.access import accessed
from tests.flow.conftest import Stack, until
from tests.flow.needed import rows_by_name

BROKER_REMEMBERS_SECONDS = 2.0


@contextmanager
def without(stack: Stack, principal: Principal, scope: Place | Hub, role: str = "") -> Iterator[None]:
    """The stack without what a principal may on a resource, by one role or the only one, put back at the end."""
    rows = rows_by_name(stack.cloud)
    held = [one for one in stack.cloud.resources.of_type(ASSIGNMENT) if one.name in rows]
    own = [one for one in held if (rows[one.name].principal, rows[one.name].scope) == (principal, scope)]
    (taken,) = [one for one in own if role in {"", rows[one.name].role}]
    stack.cloud.resources.delete(taken.id)
    until("the broker remembers nothing of it", lambda: time.time() - allowed_last(stack, taken) > BROKER_REMEMBERS_SECONDS)
    try:
        yield
    finally:
        stack.cloud.resources.put(taken)


def allowed_last(stack: Stack, taken: Resource) -> float:
    """When the broker last heard that the principal of an assignment may do something; seconds since the epoch."""
    asked = [line for line in accessed(stack.cloud, "identity") if line["object_id"] == taken.properties["principalId"]]
    return max((line["time"] for line in asked if line["authorized"]), default=0.0)
