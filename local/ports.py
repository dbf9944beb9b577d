"""Who listens on a loopback port."""

from __future__ import annotations

from pathlib import Path

import psutil


def listener(port: int) -> psutil.Process | None:
    """The process that listens on a port; None when nobody does, or it is another user's."""
    for connection in psutil.net_connections(kind="tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port and connection.pid:
            return psutil.Process(connection.pid)
    return None


def listens(pid: int | None, port: int) -> bool:
    """Whether this process listens on a port."""
    try:
        connections = psutil.Process(pid).net_connections(kind="tcp") if pid else []
    except psutil.Error:
        return False
    return any(found.status == psutil.CONN_LISTEN and found.laddr.port == port for found in connections if found.laddr)


def stranger(state: Path, port: int) -> psutil.Process | None:
    """The process on a port that is none of the stack's own, which name their state directory when they start."""
    found = listener(port)
    return None if found is None or str(state) in " ".join(found.cmdline()) else found
