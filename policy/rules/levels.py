"""The level of each rule in each stack, and what the stack sets for it: `policy/config.<stack>.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1]
MANDATORY, ADVISORY, DISABLED = "mandatory", "advisory", "disabled"


@dataclass(frozen=True)
class Level:
    """How a stack takes a rule: mandatory, advisory or disabled, with what it sets for the rule."""

    name: str
    terms: Mapping[str, Any] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """In words, with the terms."""
        terms = ", ".join(f"{name} {_shown(value)}" for name, value in self.terms.items())
        return f"{self.name} ({terms})" if terms else self.name


def _shown(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def levels(stack: str, folder: Path = FOLDER) -> dict[str, Level]:
    """Read the levels of a stack, by rule.

    Raises:
        FileNotFoundError: the stack has no levels.
        KeyError: a rule has terms and no level.
    """
    return {rule: _level(given) for rule, given in json.loads((folder / f"config.{stack}.json").read_text()).items()}


def stacks(folder: Path = FOLDER) -> list[str]:
    """Return the stacks that have levels."""
    return sorted(file.name.split(".")[1] for file in folder.glob("config.*.json"))


def _level(given: str | dict[str, Any]) -> Level:
    if isinstance(given, str):
        return Level(given)
    return Level(given["enforcementLevel"], {name: value for name, value in given.items() if name != "enforcementLevel"})
