"""The part of MLflow's search language that is emulated: equalities joined by `and`; all else is refused by name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from local.services.machine_learning.mlflow.errors import invalid

_CLAUSE = re.compile(r"""\s*(?:(\w+)\.)?(?:`([^`]+)`|"([^"]+)"|([\w.-]+))\s*(!?=)\s*(?:'([^']*)'|"([^"]*)")\s*""")
_AND = re.compile(r"\s*and\s+", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Clause:
    """`group.key = value`; `group` is empty for an attribute, `equal` is false for `!=`."""

    group: str
    key: str
    value: str
    equal: bool


def clauses(text: str) -> list[Clause]:
    """The clauses of a filter; none when it is empty.

    Raises:
        MlflowError: INVALID_PARAMETER_VALUE for what is not an equality with a quoted text.
    """
    found: list[Clause] = []
    place = 0
    while place < len(text.rstrip()):
        if found and not (joint := _AND.match(text, place)):
            raise invalid(f"Invalid filter '{text}': clauses are joined by 'and'.")
        if found and joint:
            place = joint.end()
        match = _CLAUSE.match(text, place)
        if match is None:
            raise invalid(f"Invalid filter '{text}': only key = 'value' and key != 'value' are supported.")
        found.append(_clause(match))
        place = match.end()
    return found


def _clause(match: re.Match[str]) -> Clause:
    group, *keys, sign, single, double = match.groups()
    key = next(key for key in keys if key is not None)
    value = single if single is not None else double
    return Clause(group=group or "", key=key, value=value, equal=sign == "=")
