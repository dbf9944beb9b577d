"""The engine's event log, read while it grows: progress of resources, diagnostics, the summary."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_COLOUR = re.compile(r"<\{%[^%]*%\}>|\x1b\[[0-9;]*m")
STACK = "pulumi:pulumi:Stack"
_DONE = {
    "create": "created",
    "update": "updated",
    "delete": "deleted",
    "same": "same",
    "replace": "replaced",
    "create-replacement": "created",
    "delete-replaced": "deleted",
    "read": "read",
    "refresh": "read",
}


@dataclass(frozen=True, kw_only=True)
class ResourceEvent:
    """One resource that the engine works on, is done with, or warns about.

    `state` is running; created, updated, deleted, replaced, read, same or failed; or warning, when `detail` says which
    advisory policy is broken.
    """

    urn: str
    type: str
    name: str
    state: str
    seconds: float
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A finished operation of the engine: resources by what was done to them (create, update, delete, same), and seconds."""

    counts: Mapping[str, int]
    seconds: float
    outputs_changed: bool = False
    """Whether the stack's outputs became others, which the engine counts as the same."""

    @property
    def empty(self) -> bool:
        """Whether nothing had to be changed."""
        return not self.outputs_changed and not any(count for operation, count in self.counts.items() if operation != "same")


@dataclass
class EventLog:
    """Reads the file that the engine writes its events to, line by line, from where the last read ended."""

    file: Path
    on_event: Callable[[ResourceEvent], None]
    counts: dict[str, int] = field(default_factory=dict)
    outputs_changed: bool = False
    problems: list[str] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)
    """What the program wrote to its error stream: the traceback, when it failed."""
    _offset: int = 0
    _began: dict[str, float] = field(default_factory=dict)

    def read(self) -> None:
        """Take in all whole lines written since."""
        if not self.file.exists():
            return
        with self.file.open("rb") as lines:
            lines.seek(self._offset)
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                self._offset += len(line)
                self._take(json.loads(line))

    def _take(self, event: dict[str, Any]) -> None:
        at = float(event.get("timestamp", 0))
        if "resourcePreEvent" in event:
            metadata = event["resourcePreEvent"]["metadata"]
            self._began[metadata["urn"]] = at
            self.on_event(
                ResourceEvent(
                    urn=metadata["urn"], type=metadata["type"], name=_name(metadata["urn"]), state="running", seconds=0.0
                )
            )
        elif "resOutputsEvent" in event:
            metadata = event["resOutputsEvent"]["metadata"]
            self._tell(metadata, _DONE.get(metadata["op"], metadata["op"]), at)
        elif "resOpFailedEvent" in event:
            self._tell(event["resOpFailedEvent"]["metadata"], "failed", at)
        elif "summaryEvent" in event:
            self.counts.update(event["summaryEvent"].get("resourceChanges") or {})
        else:
            self._problem(event)

    def _tell(self, metadata: dict[str, Any], state: str, at: float) -> None:
        urn = metadata["urn"]
        if metadata["type"] == STACK:
            old, new = metadata.get("old"), metadata.get("new")
            self.outputs_changed = old is not None and new is not None and old["outputs"] != new["outputs"]
        seconds = max(0.0, at - self._began.get(urn, at))
        self.on_event(ResourceEvent(urn=urn, type=metadata["type"], name=_name(urn), state=state, seconds=seconds))

    def _problem(self, event: dict[str, Any]) -> None:
        said, rule = event.get("diagnosticEvent"), event.get("policyEvent")
        if said and said.get("severity") == "error":
            self.problems.append(_about(said.get("urn", ""), said["message"]))
        elif said and said.get("severity") == "info#err":
            self.printed += _COLOUR.sub("", said["message"]).rstrip().splitlines()
        elif rule and rule.get("enforcementLevel") == "mandatory":
            self.problems.append(_about(rule.get("resourceUrn", ""), f"{rule['policyName']}: {rule['message']}"))
        elif rule and rule.get("enforcementLevel") == "advisory":
            urn, told = rule.get("resourceUrn", ""), _COLOUR.sub("", f"{rule['policyName']}: {rule['message']}").strip()
            self.on_event(ResourceEvent(urn=urn, type="", name=_name(urn), state="warning", seconds=0.0, detail=told))


def _about(urn: str, text: str) -> str:
    plain = _COLOUR.sub("", text).strip()
    return f"{_name(urn)}: {plain}" if urn else plain


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]
