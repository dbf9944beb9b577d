"""Breaches that are known and borne for a while: `policy/waivers.json`, one row for each rule and reason.

A row names the rule, the stacks, the project, its resources (the last two parts of their URNs), the reason, the role that
answers for it and the day after which it no longer counts. The rule `waivers-current` refuses rows that are over or that
nothing needs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path

FILE = Path(__file__).parents[1] / "waivers.json"


def _today() -> date:
    return datetime.now(UTC).date()


@dataclass(frozen=True)
class Address:
    """Where a resource is: stack, project, and `type::name` without the types of its parents."""

    stack: str
    project: str
    resource: str

    @classmethod
    def of(cls, urn: str) -> Address:
        """Read a URN; what is none gives an empty address."""
        stack, project, types, name = [*urn.removeprefix("urn:pulumi:").split("::", 3), "", "", ""][:4]
        return cls(stack, project, f"{types.rpartition('$')[2]}::{name}")


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """Breaches of one rule that are borne until the end of the day `expires`, for a reason, by a role."""

    rule: str
    stacks: tuple[str, ...]
    project: str
    resources: tuple[str, ...]
    reason: str
    owner: str
    expires: date

    @property
    def told(self) -> str:
        """One line for people."""
        return f"waived until {self.expires.isoformat()} by {self.owner}: {self.reason}"


@dataclass(frozen=True)
class Waivers:
    """All waivers, and what day it is."""

    rows: tuple[Waiver, ...]
    today: Callable[[], date] = _today

    def of(self, rule: str, urn: str) -> Waiver | None:
        """Return the waiver, not over yet, of a rule for a resource."""
        at = Address.of(urn)
        rows = (row for row in self.standing(at) if row.rule == rule and at.resource in row.resources)
        return next(rows, None)

    def standing(self, at: Address) -> list[Waiver]:
        """Return the waivers of a stack of a project that are not over yet."""
        return [row for row in self._of(at) if self.today() <= row.expires]

    def over(self, at: Address) -> list[Waiver]:
        """Return the waivers of a stack of a project that are over."""
        return [row for row in self._of(at) if self.today() > row.expires]

    def _of(self, at: Address) -> list[Waiver]:
        return [row for row in self.rows if at.stack in row.stacks and at.project == row.project]


def load(file: Path = FILE) -> Waivers:
    """Read the waivers.

    Raises:
        ValueError: a row lacks a field, has another one, or has an empty or malformed one.
    """
    return Waivers(tuple(_row(row) for row in json.loads(file.read_text())))


def _row(row: dict[str, str | list[str]]) -> Waiver:
    names = {item.name for item in fields(Waiver)}
    if not isinstance(row, dict) or set(row) != names or not all(row.values()):
        raise ValueError(f"{FILE.name}: a row must have exactly these fields, none empty: {', '.join(sorted(names))}; got {row}")
    return Waiver(
        rule=str(row["rule"]),
        stacks=tuple(row["stacks"]),
        project=str(row["project"]),
        resources=tuple(row["resources"]),
        reason=str(row["reason"]),
        owner=str(row["owner"]),
        expires=date.fromisoformat(str(row["expires"])),
    )


WAIVERS = load()
"""The rows of `policy/waivers.json`."""
