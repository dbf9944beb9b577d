"""Puts a stack right whose engine was killed: its lock goes, and half-made resources with their pending entries."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from contracts.errors import FourPartError
from local.engine.runner import PulumiEngine

WAIT_SECONDS = 60.0
POLL_SECONDS = 0.2


class EngineBusyError(FourPartError):
    """Another engine works on the stack and does not end."""


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """What was put right: locks of dead engines, orphans deleted by ARM id, pending entries dropped."""

    locks: int = 0
    orphans: tuple[str, ...] = ()
    pending: int = 0


def recover(pulumi: PulumiEngine) -> Recovery:
    """Clear what a killed engine left behind; does nothing, and starts no process, when all is well.

    Only locks of dead processes of this machine are touched; an engine that lives is waited for. Needs the broker when
    an orphan is an event hub.

    Raises:
        EngineBusyError: when another engine still runs after a minute.
        EngineFailedError: when the engine refuses its own state.
    """
    restore(pulumi.workspace.checkpoint)
    dead = _dead_locks(pulumi)
    if dead:
        pulumi.query("cancel", "--yes", "--stack", pulumi.workspace.stack)
    if not _interrupted(pulumi.workspace.checkpoint):
        return Recovery(locks=len(dead))
    # It knows every kind of resource, which takes a moment to load, and hardly ever is there anything to clear.
    from local.engine.orphans import clear

    state = pulumi.export()
    pending = state["deployment"].get("pending_operations") or []
    orphans = clear(state["deployment"], pending, pulumi.workspace.state)
    draft = pulumi.workspace.folder / "recovered.json"
    draft.write_text(json.dumps(state))
    pulumi.query("stack", "import", "--stack", pulumi.workspace.stack, "--file", str(draft.resolve()))
    draft.unlink()
    return Recovery(locks=len(dead), orphans=tuple(orphans), pending=len(pending))


def restore(checkpoint: Path) -> bool:
    """Bring back the engine's own copy of a checkpoint that was cut off while it was written; whether it had to.

    The file backend moves the old checkpoint to `.bak` before it writes the new one in place.
    """
    backup = checkpoint.with_name(f"{checkpoint.name}.bak")
    if not backup.exists() or _is_whole(checkpoint):
        return False
    draft = checkpoint.with_name(f"{checkpoint.name}.restored")
    draft.write_bytes(backup.read_bytes())
    draft.replace(checkpoint)
    return True


def _is_whole(checkpoint: Path) -> bool:
    try:
        json.loads(checkpoint.read_text())
    except (OSError, ValueError):
        return False
    return True


def _interrupted(checkpoint: Path) -> bool:
    return checkpoint.exists() and bool(_checkpoint(checkpoint).get("pending_operations"))


def _checkpoint(file: Path) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (json.loads(file.read_text()).get("checkpoint") or {}).get("latest") or {}
    return found


def _dead_locks(pulumi: PulumiEngine) -> list[Path]:
    """Locks whose engine is dead; waits while one is alive."""
    ends = time.monotonic() + WAIT_SECONDS
    while True:
        files = list(pulumi.workspace.locks.glob("*.json")) if pulumi.workspace.locks.exists() else []
        locks = {file: json.loads(file.read_text()) for file in files}
        alive = [lock for file, lock in locks.items() if not _is_dead(lock, file)]
        if not alive:
            return list(locks)
        if time.monotonic() > ends:
            raise _busy(alive[0])
        time.sleep(POLL_SECONDS)


def _is_dead(lock: Mapping[str, Any], file: Path) -> bool:
    """Whether the lock's process is gone; a later process that got its number is another one."""
    if lock["hostname"] != socket.gethostname():
        return False
    try:
        process = psutil.Process(lock["pid"])
        return process.status() == psutil.STATUS_ZOMBIE or process.create_time() > file.stat().st_mtime
    except psutil.NoSuchProcess:
        return True


def _busy(lock: Mapping[str, Any]) -> EngineBusyError:
    return EngineBusyError(
        "Another engine works on this stack.",
        given=f"process {lock['pid']} of {lock.get('username')} on {lock['hostname']} (this is process {os.getpid()})",
        allowed="one engine at a time",
        remedy="Wait for it, or stop it with ctrl-C where it was started, then run the command again.",
    )
