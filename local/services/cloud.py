"""What every service process is given: the store, the resources, the ports, the tokens."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from local.endpoints import Endpoints
from local.resources import Resources
from local.store import Store
from local.tokens import Tokens


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """One stack's local cloud, seen from inside a process."""

    state: Path
    store: Store
    resources: Resources
    endpoints: Endpoints
    tokens: Tokens

    @classmethod
    def open(cls, state: Path) -> Cloud:
        """Open the stack's state directory, making what is missing."""
        store = Store(state / "cloud.db")
        return cls(state=state, store=store, resources=Resources(store), endpoints=Endpoints.of(state), tokens=Tokens(state))

    @property
    def logs(self) -> Path:
        """Where processes write their logs and the services their access log."""
        return self.state / "logs"
