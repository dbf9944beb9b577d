"""Which events a subscription asks for: types, subject, advanced filters.

Source: learn.microsoft.com/azure/event-grid/event-filtering. Values of one filter are alternatives, filters all have to
hold, strings are compared without case, and the negative operators hold for a key that is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

MISSING = object()
TOP_LEVEL = {
    "id": "id",
    "eventid": "id",
    "source": "source",
    "topic": "source",
    "subject": "subject",
    "type": "type",
    "eventtype": "type",
}


class UnknownOperatorError(Exception):
    """An advanced filter with an operator that Event Grid does not have."""


def wanted(event: Mapping[str, Any], rules: Mapping[str, Any]) -> bool:
    """Whether an event (CloudEvents body) passes a subscription's `filter` as the engine spells it.

    Raises:
        UnknownOperatorError: for an operator that Event Grid does not have.
    """
    advanced: Sequence[Mapping[str, Any]] = rules.get("advancedFilters") or ()
    unknown = [str(rule.get("operatorType")) for rule in advanced if rule.get("operatorType") not in OPERATORS]
    if unknown:
        raise UnknownOperatorError(", ".join(unknown))
    arrays = bool(rules.get("enableAdvancedFilteringOnArrays"))
    return _type_and_subject(event, rules) and all(_holds(event, rule, arrays=arrays) for rule in advanced)


def _type_and_subject(event: Mapping[str, Any], rules: Mapping[str, Any]) -> bool:
    types = rules.get("includedEventTypes") or ()
    if types and "All" not in types and str(event["type"]).lower() not in {str(kind).lower() for kind in types}:
        return False
    subject, begin, end = (
        str(text or "") for text in (event["subject"], rules.get("subjectBeginsWith"), rules.get("subjectEndsWith"))
    )
    if not rules.get("isSubjectCaseSensitive"):
        subject, begin, end = subject.lower(), begin.lower(), end.lower()
    return subject.startswith(begin) and subject.endswith(end)


def _holds(event: Mapping[str, Any], rule: Mapping[str, Any], *, arrays: bool) -> bool:
    value = _value(event, str(rule["key"]))
    operands = rule["values"] if "values" in rule else [rule.get("value")]
    operator: str = rule["operatorType"]
    if operator in PRESENCE:
        return (value is MISSING or value is None) == (operator == "IsNullOrUndefined")
    negative = operator in NEGATIVE
    if isinstance(value, list) and not arrays:
        return negative
    given = value if isinstance(value, list) else [value]
    matched = any(_test(OPERATORS[operator], one, operand) for one in given for operand in operands or ())
    return matched != negative


def _value(event: Mapping[str, Any], key: str) -> Any:
    if key.lower() in TOP_LEVEL:
        return event.get(TOP_LEVEL[key.lower()], MISSING)
    value: Any = event
    for part in key.split("."):
        value = value.get(part, MISSING) if isinstance(value, Mapping) else MISSING
    return value


def _test(test: Callable[[Any, Any], bool], value: Any, operand: Any) -> bool:
    return value is not MISSING and value is not None and test(value, operand)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(test: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, operand: isinstance(value, str) and test(value.lower(), str(operand).lower())


def _never(_value: Any, _operand: Any) -> bool:
    # Presence is judged before any test of a value.
    return False


def _figure(test: Callable[[float, float], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, operand: _number(value) and test(value, operand)


_IN_RANGE: Callable[[Any, Any], bool] = lambda value, span: _number(value) and span[0] <= value <= span[1]  # noqa: E731
_STRINGS: dict[str, Callable[[str, str], bool]] = {
    "In": str.__eq__,
    "Contains": lambda value, operand: operand in value,
    "BeginsWith": str.startswith,
    "EndsWith": str.endswith,
}
PRESENCE = frozenset({"IsNullOrUndefined", "IsNotNull"})
NEGATIVE = frozenset({"NumberNotIn", "NumberNotInRange", *(f"StringNot{name}" for name in _STRINGS)})
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "BoolEquals": lambda value, operand: isinstance(value, bool) and value == operand,
    "NumberIn": _figure(lambda value, operand: value == operand),
    "NumberNotIn": _figure(lambda value, operand: value == operand),
    "NumberInRange": _IN_RANGE,
    "NumberNotInRange": _IN_RANGE,
    "NumberLessThan": _figure(lambda value, operand: value < operand),
    "NumberLessThanOrEquals": _figure(lambda value, operand: value <= operand),
    "NumberGreaterThan": _figure(lambda value, operand: value > operand),
    "NumberGreaterThanOrEquals": _figure(lambda value, operand: value >= operand),
    **{f"String{name}": _text(test) for name, test in _STRINGS.items()},
    **{f"StringNot{name}": _text(test) for name, test in _STRINGS.items()},
    **dict.fromkeys(PRESENCE, _never),
}
