"""Looks at the machine before anything starts: what is missing, how to get it, how long it takes."""

from __future__ import annotations

import resource
import shutil
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from contracts.errors import FourPartError
from local.disk import usage
from local.endpoints import Endpoints
from local.engine.build import find_engine, program
from local.gobuild import GO_WANTED_TEXT, installed_go
from local.ports import stranger
from local.services.eventhubs.broker import BROKER

DISK_GIB = 6
MEMORY_GIB = 4
OPEN_FILES = 1024
STATE_GIB = 10
LOOPBACK = "127.16.0.1"
GIB = 2**30


class MachineLacksError(FourPartError):
    """The machine lacks something without which nothing can start."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at: whether it is there, what was seen, and how to get it when it is not."""

    name: str
    present: bool
    seen: str
    remedy: str
    required: bool = True


def examine(root: Path, state: Path) -> list[Finding]:
    """Look at everything that the repository, and a stack with this state directory, need or can use."""
    return [
        _engine(),
        _broker(),
        _disk(root),
        _memory(),
        _open_files(),
        _addresses(),
        _ports(state),
        _state(state),
        _orange_juice(),
    ]


def require(findings: list[Finding]) -> None:
    """Go on only when nothing required is missing.

    Raises:
        MachineLacksError: names the first thing that is missing.
    """
    for finding in findings:
        if finding.required and not finding.present:
            happened = f"This machine lacks the {finding.name}."
            raise MachineLacksError(happened, given=finding.seen, allowed=f"{finding.name} present", remedy=finding.remedy)


def show(findings: list[Finding]) -> int:
    """Print the findings as a table; 1 when something required is missing."""
    table = Table("", "what", "seen", "how to get it", box=None, pad_edge=False)
    for finding in findings:
        mark = (
            "[green]ok[/green]"
            if finding.present
            else ("[red]missing[/red]" if finding.required else "[yellow]optional[/yellow]")
        )
        table.add_row(mark, finding.name, finding.seen, "" if finding.present else finding.remedy)
    Console().print(table)
    return 1 if any(finding.required and not finding.present for finding in findings) else 0


def _engine() -> Finding:
    found = find_engine()
    if found is not None:
        return Finding(name="Pulumi engine", present=True, seen=str(found.binary), remedy="")
    go, seen = installed_go()
    remedy = f"{_go_remedy('engine', program().takes)} Or install Pulumi."
    return Finding(
        name="Pulumi engine", present=go is not None, seen=f"no `pulumi` on PATH, not built yet; {seen}", remedy=remedy
    )


def _broker() -> Finding:
    if BROKER.cached is not None:
        return Finding(name="Kafka broker", present=True, seen=str(BROKER.cached), remedy="")
    go, seen = installed_go()
    return Finding(
        name="Kafka broker", present=go is not None, seen=f"not built yet; {seen}", remedy=_go_remedy(BROKER.title, BROKER.takes)
    )


def _go_remedy(what: str, takes: str) -> str:
    return f"Install Go {GO_WANTED_TEXT} or newer (go.dev/doc/install); the {what} is then built on first use, {takes}."


def _disk(root: Path) -> Finding:
    free = shutil.disk_usage(root).free / GIB
    return Finding(name="disk", present=free >= DISK_GIB, seen=f"{free:.0f} GiB free", remedy=f"Free {DISK_GIB} GiB.")


def _memory() -> Finding:
    total = psutil.virtual_memory().total / GIB
    return Finding(
        name="memory",
        present=total >= MEMORY_GIB,
        seen=f"{total:.0f} GiB",
        remedy=f"{MEMORY_GIB} GiB are needed for the default panel.",
    )


def _open_files() -> Finding:
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return Finding(
        name="open files", present=most >= OPEN_FILES, seen=f"{most} a process", remedy=f"Raise the limit: ulimit -n {OPEN_FILES}"
    )


def _addresses() -> Finding:
    """Pods listen on loopback addresses of their own; Linux has them all, other systems one."""
    try:
        with socket.create_server((LOOPBACK, 0)):
            seen, present = f"{LOOPBACK} can be listened on", True
    except OSError as error:
        seen, present = f"{LOOPBACK}: {error.strerror}", False
    remedy = "Containers need the addresses 127.16.0.0 to 127.215.255.255: run on Linux, or add them to the loopback interface."
    return Finding(name="loopback", present=present, seen=seen, remedy=remedy)


def _ports(state: Path) -> Finding:
    """The ports that outputs of the stack name: free, or held by the stack itself."""
    kept = asdict(Endpoints.of(state)) if (state / "endpoints.json").exists() else {}
    strangers = {name: found for name, port in kept.items() if (found := stranger(state, port))}
    seen = ", ".join(f"{kept[name]} ({name}) by process {found.pid}" for name, found in strangers.items())
    remedy = "End what took them; or make down, then make up, for other ports."
    return Finding(name="ports", present=not strangers, seen=seen or f"{len(kept) or 'none'} picked, none taken", remedy=remedy)


def _state(state: Path) -> Finding:
    size = sum(usage(state).values()) / GIB if state.exists() else 0.0
    remedy = "Each loop keeps its tables, runs and images, as on Azure. Begin anew: make down, then make up."
    return Finding(name="state", present=size < STATE_GIB, seen=f"{size:.1f} GiB", remedy=remedy, required=False)


def _orange_juice() -> Finding:
    tools = [name for name in ("apt-get", "dpkg-deb") if shutil.which(name)]
    both = len(tools) == 2  # noqa: PLR2004 - the two tools named above
    remedy = "Only DATA=orange-juice needs it: run on Debian or Ubuntu, or pass the package's orangeJuice.rda as a CSV."
    return Finding(name="Debian packages", present=both, seen=", ".join(tools) or "no apt", remedy=remedy, required=False)
