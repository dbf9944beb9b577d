"""An empty stack of its own on the real engine, with the local cloud's provider, for benches that time the engine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.endpoints import Endpoints
from local.engine.build import Engine
from local.engine.runner import PulumiEngine
from local.provider.deployment import Deployment
from local.provider.server import serve
from local.resources import Resources
from local.store import Store


@contextmanager
def empty_stack(engine: Engine, project: Path, stack: str) -> Iterator[PulumiEngine]:
    """The engine on a stack that holds nothing; what it leaves is removed."""
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as scratch:
        state = Path(scratch)
        server, port = serve(Deployment(resources=Resources(Store(state / "cloud.db")), endpoints=Endpoints.of(state)), 0)
        pulumi = PulumiEngine.of(engine, state=state, project=project, stack=stack, provider_port=port)
        try:
            pulumi.init()
            yield pulumi
        finally:
            server.stop(0).wait()
