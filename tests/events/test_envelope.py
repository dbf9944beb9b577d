"""What a record must be to be taken as an event."""

import json

import pytest
from hypothesis import given, strategies as st

from contracts.events import Event
from events.envelope import MAX_BYTES, parse
from events.errors import MalformedError

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner)
)
EVENTS = st.builds(
    Event,
    type=TEXT.filter(bool),
    source=TEXT.filter(bool),
    id=TEXT.filter(bool),
    subject=TEXT,
    time=TEXT,
    data=st.dictionaries(TEXT, JSON, max_size=3),
    causationid=TEXT,
    traceparent=TEXT,
    dataversion=TEXT,
)


@given(EVENTS, st.booleans())
def test_reads_back_what_was_published_also_as_an_array_of_one(event, in_array):
    body = event.body()
    assert parse(json.dumps([body] if in_array else body).encode()) == event


@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_malformed_and_nothing_else(value):
    with pytest.raises(MalformedError):
        parse(value)


@given(JSON)
def test_any_json_without_the_attributes_is_malformed(body):
    with pytest.raises(MalformedError):
        parse(json.dumps(body).encode())


@given(EVENTS, st.sampled_from(["type", "source", "id", "specversion"]), st.none() | st.just("") | st.integers() | st.lists(TEXT))
def test_refuses_a_required_attribute_that_is_missing_empty_or_no_text(event, name, value):
    with pytest.raises(MalformedError, match=name):
        parse(json.dumps({**event.body(), name: value}).encode())


BODY = {"specversion": "1.0", "type": "t", "source": "s", "id": "i"}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty"),
        (b"", "empty"),
        (b"\xff\xfe", "not JSON in UTF-8"),
        (b'{"specversion": "1.0"', "not JSON in UTF-8"),
        (b"[" * 100_000, "not JSON in UTF-8"),
        (b'{"n": ' + b"9" * 5000 + b"}", "not JSON in UTF-8"),
        (b'{"specversion": NaN}', "NaN is no JSON value"),
        (b'{"id": "a", "id": "b"}', "a key is given twice"),
        (b" " * (MAX_BYTES + 1), "more than 1046528"),
        (b"[]", "an array of 0 events"),
        (json.dumps([BODY, BODY]).encode(), "an array of 2 events"),
        (json.dumps({**BODY, "specversion": "0.3"}).encode(), "specversion is '0.3'"),
        (json.dumps({**BODY, "data": ["x"]}).encode(), "data is not an object"),
        (json.dumps({**BODY, "subject": "\ud800"}).encode(), "lone surrogate"),
    ],
)
def test_says_why_a_record_is_malformed(value, reason):
    with pytest.raises(MalformedError, match=reason):
        parse(value)
