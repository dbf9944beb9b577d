"""Where the services of one stack listen: loopback ports, picked once and kept, since stack outputs hold them."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

HOST = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """Ports of one stack; kept in `endpoints.json` of the stack's state directory."""

    identity: int
    blob: int
    databricks: int
    eventgrid: int
    arm: int
    registry: int
    keyvault: int
    containers: int
    devops: int
    kafka: int
    provider: int

    def url(self, service: str) -> str:
        """`https://127.0.0.1:PORT` of an HTTP service."""
        return f"https://{HOST}:{getattr(self, service)}"

    @property
    def bootstrap(self) -> str:
        """`host:port` of the Kafka broker."""
        return f"{HOST}:{self.kafka}"

    @classmethod
    def of(cls, state: Path) -> Endpoints:
        """The stack's ports: those on file, and free ones for the others, written before they are used."""
        file = state / "endpoints.json"
        kept = json.loads(file.read_text()) if file.exists() else {}
        names = cls.__dataclass_fields__
        missing = [name for name in names if name not in kept]
        found = cls(**{name: port for name, port in kept.items() if name in names}, **_free(missing))
        if missing:
            found.write(file)
        return found

    def write(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n")
        draft.replace(file)


def _free(names: list[str]) -> dict[str, int]:
    """Free ports, held all at once so that no two are the same."""
    sockets = [socket.create_server((HOST, 0)) for _ in names]
    ports = {name: bound.getsockname()[1] for name, bound in zip(names, sockets, strict=True)}
    for bound in sockets:
        bound.close()
    return ports
