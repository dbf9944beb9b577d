"""Filters of event subscriptions against a second, independent reading of Azure's rules."""

from __future__ import annotations

import operator
from typing import Any

import pytest
from hypothesis import given, strategies as st

from local.services.eventgrid.filters import OPERATORS, UnknownOperatorError, wanted

EVENT = {"id": "1", "source": "/s", "type": "Microsoft.Storage.BlobCreated", "subject": "/Blobs/a.json", "time": "", "data": {}}
SMALL = st.integers(-3, 3)
WORDS = st.sampled_from(["", "a", "A", "ab", "BA", "bab", "c"])
VALUES = st.one_of(st.none(), SMALL, WORDS, st.booleans(), st.floats(-3, 3))


def event(**data: Any) -> dict[str, Any]:
    return {**EVENT, "data": data}


def passes(rule: dict[str, Any], value: object, *, absent: bool = False) -> bool:
    return wanted(event() if absent else event(x=value), {"advancedFilters": [{"key": "data.x", **rule}]})


def oracle_string(name: str, value: object, operands: list[str]) -> bool:
    if not isinstance(value, str):
        return "Not" in name
    hits = 0
    for operand in operands:
        where = value.casefold().find(operand.casefold())
        hits += {
            "In": len(value) == len(operand) and where == 0,
            "Contains": where >= 0,
            "BeginsWith": where == 0,
            "EndsWith": value.casefold()[::-1].find(operand.casefold()[::-1]) == 0,
        }[name.removeprefix("String").removeprefix("Not")]
    return (hits == 0) if "Not" in name else (hits > 0)


@given(
    name=st.sampled_from([name for name in OPERATORS if name.startswith("String")]),
    value=VALUES,
    operands=st.lists(WORDS, min_size=1, max_size=3),
)
def test_string_operators_agree_with_the_oracle(name: str, value: object, operands: list[str]) -> None:
    assert passes({"operatorType": name, "values": operands}, value) == oracle_string(name, value, operands)


COMPARED = {
    "NumberLessThan": operator.lt,
    "NumberLessThanOrEquals": operator.le,
    "NumberGreaterThan": operator.gt,
    "NumberGreaterThanOrEquals": operator.ge,
}


@given(name=st.sampled_from(sorted(COMPARED)), value=VALUES, operand=SMALL)
def test_number_comparisons_agree_with_the_oracle(name: str, value: object, operand: int) -> None:
    figure = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    expected = figure is not None and COMPARED[name](figure, operand)
    assert passes({"operatorType": name, "value": operand}, value) == expected


@given(value=VALUES, low=SMALL, width=st.integers(0, 3), others=st.lists(SMALL, min_size=1, max_size=3))
def test_number_sets_and_ranges_agree_with_the_oracle(value: object, low: int, width: int, others: list[int]) -> None:
    figure = float(value) if type(value) in (int, float) and isinstance(value, int | float) else None
    inside = figure is not None and not (figure < low or figure > low + width)
    listed = figure is not None and figure in {float(one) for one in others}
    spans = [[low, low + width]]
    assert passes({"operatorType": "NumberInRange", "values": spans}, value) == inside
    assert passes({"operatorType": "NumberNotInRange", "values": spans}, value) == (not inside)
    assert passes({"operatorType": "NumberIn", "values": others}, value) == listed
    assert passes({"operatorType": "NumberNotIn", "values": others}, value) == (not listed)


@given(value=VALUES, wish=st.booleans())
def test_bool_and_presence_agree_with_the_oracle(value: object, wish: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    assert passes({"operatorType": "BoolEquals", "value": wish}, value) == (value is wish)
    assert passes({"operatorType": "IsNullOrUndefined"}, value) == (value is None)
    assert passes({"operatorType": "IsNotNull"}, value) == (value is not None)


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_a_missing_key_passes_only_the_negative_operators(name: str) -> None:
    values: list[Any] = [[1, 2]] if name.endswith("InRange") else [1] if name.startswith("Number") else ["a"]
    rule = {"operatorType": name, "value": True} if name == "BoolEquals" else {"operatorType": name, "values": values}
    if "Than" in name:
        rule = {"operatorType": name, "value": 1}
    assert passes(rule, None, absent=True) == (("Not" in name and name != "IsNotNull") or name == "IsNullOrUndefined")


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({}, True),
        ({"includedEventTypes": ["Microsoft.Storage.BlobCreated"]}, True),
        ({"includedEventTypes": ["Microsoft.Storage.BlobDeleted"]}, False),
        ({"subjectBeginsWith": "/blobs/", "subjectEndsWith": ".JSON"}, True),
        ({"subjectBeginsWith": "/blobs/", "isSubjectCaseSensitive": True}, False),
        ({"subjectEndsWith": ".csv"}, False),
        ({"advancedFilters": [{"operatorType": "StringContains", "key": "subject", "values": ["/A."]}]}, True),
        ({"advancedFilters": [{"operatorType": "StringContains", "key": "Subject", "values": ["_delta_log"]}]}, False),
        ({"advancedFilters": []}, True),
    ],
)
def test_type_and_subject_filters(rules: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a table of cases
    assert wanted(EVENT, rules) is expected


def test_all_filters_have_to_hold() -> None:
    yes = {"operatorType": "StringIn", "key": "data.api", "values": ["PutBlob"]}
    no = {"operatorType": "NumberGreaterThan", "key": "data.contentLength", "value": 10}
    one = event(api="putblob", contentLength=10)
    assert wanted(one, {"advancedFilters": [yes]})
    assert not wanted(one, {"advancedFilters": [yes, no]})


def test_arrays_pass_by_any_element_only_where_the_subscription_says_so() -> None:
    rule = {"operatorType": "StringIn", "key": "data.x", "values": ["b"]}
    assert wanted(event(x=["a", "b"]), {"advancedFilters": [rule], "enableAdvancedFilteringOnArrays": True})
    assert not wanted(event(x=["a", "b"]), {"advancedFilters": [rule]})


def test_refuses_an_operator_that_event_grid_does_not_have() -> None:
    with pytest.raises(UnknownOperatorError, match="StringMatches"):
        passes({"operatorType": "StringMatches", "values": ["a"]}, "a")
