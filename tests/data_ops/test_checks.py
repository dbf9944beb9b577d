"""Each bad row is named, the right row of a key counts, and a bad file is refused as a whole."""

# ruff: noqa: DTZ001 - the engine's times are plain, and mean UTC

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from data_ops.checks import BAD_SHARE, REASONS, ROW_RULES, batches, judge
from data_ops.schema import bronze_schema

ARRIVED = datetime(2024, 6, 1, 12)
SCHEMA = pa.schema([field.with_type(pa.timestamp("us")) if field.name == "_ingest_ts" else field for field in bronze_schema({})])


def row(date="2024-01-01", store="1", item="1", sales="3", *, batch="b1", seq=0, arrived=ARRIVED, negative="quarantine"):
    return {
        "date": date,
        "store": store,
        "item": item,
        "sales": sales,
        "_source_file": "f.csv",
        "_ingest_ts": arrived,
        "_batch_id": batch,
        "_negative": negative,
        "_seq": seq,
    }


def good(count, **same):
    first = datetime(2023, 1, 1, tzinfo=UTC)
    return [row((first + timedelta(days=day)).strftime("%Y-%m-%d"), seq=1000 + day, **same) for day in range(count)]


@pytest.fixture
def judged(frame):
    def run(rows):
        found = judge(frame(rows, SCHEMA)).to_pyarrow().to_pylist()
        return {(line["_batch_id"], line["_seq"]): line["reason"] for line in found}

    return run


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"date": "2017-02-30"}, "bad_date"),
        ({"date": "31/12/2023"}, "bad_date"),
        ({"date": None}, "bad_date"),
        ({"date": "0024-01-01"}, "early_date"),
        ({"date": "2024-06-03"}, "future_date"),
        ({"store": ""}, "missing_key"),
        ({"item": None}, "missing_key"),
        ({"item": "  "}, "missing_key"),
        ({"sales": "N/A"}, "bad_sales"),
        ({"sales": ""}, "bad_sales"),
        ({"sales": None}, "bad_sales"),
        ({"sales": "nan"}, "bad_sales"),
        ({"sales": "inf"}, "bad_sales"),
        ({"sales": "-1"}, "negative_sales"),
        ({"date": "x", "sales": "y"}, "bad_date"),
    ],
)
def test_a_bad_row_is_named_by_the_first_rule_it_breaks(judged, broken, reason):
    told = judged([row(**broken), *good(30)])
    assert told.pop(("b1", 0)) == reason
    assert set(told.values()) == {None}


@pytest.mark.parametrize("fine", [{"sales": "0"}, {"sales": " 2.5 "}, {"date": "2024-06-02"}, {"date": "2024-01-01T05:00:00"}])
def test_a_rare_but_good_row_is_kept(judged, fine):
    assert judged([row(**fine)]) == {("b1", 0): None}


def test_the_last_of_two_rows_with_one_key_in_a_file_counts(judged):
    told = judged([row(sales="1", seq=0), row(sales="2", seq=1), *good(40)])
    assert told["b1", 0] == "duplicate_key"
    assert told["b1", 1] is None


def test_a_bad_row_does_not_push_out_a_good_one_of_its_key(judged):
    told = judged([row(sales="1", seq=0), row(sales="N/A", seq=1), *good(40)])
    assert (told["b1", 0], told["b1", 1]) == (None, "bad_sales")


def test_the_same_row_twice_is_told_apart_and_refuses_no_file(judged):
    told = judged([row(seq=0), row(seq=1)])
    assert told == {("b1", 0): "repeated_row", ("b1", 1): None}


def test_a_later_file_replaces_the_rows_of_an_earlier_one(judged):
    later = ARRIVED + timedelta(hours=1)
    told = judged([row(sales="9", batch="b2", arrived=later), row(sales="1", batch="b1"), row("2024-01-02", seq=1)])
    assert told == {("b2", 0): None, ("b1", 0): "replaced", ("b1", 1): None}


def test_a_file_with_too_many_bad_rows_is_refused_and_replaces_nothing(judged):
    later = ARRIVED + timedelta(hours=1)
    bad = [row(sales="5", batch="b2", arrived=later), row(sales="N/A", batch="b2", seq=1, arrived=later)]
    told = judged([row(), *bad])
    assert told == {("b1", 0): None, ("b2", 0): "batch_refused", ("b2", 1): "bad_sales"}


def test_a_file_is_refused_above_the_share_and_not_at_it(judged):
    rows = [row("x", seq=index) for index in range(int(100 * BAD_SHARE))]
    assert None in judged([*rows, *good(100 - len(rows))]).values()
    assert None not in judged([*rows, row("y", seq=99), *good(99 - len(rows))]).values()


def test_bad_rows_are_counted_by_file(frame):
    [found] = batches(judge(frame([row("x"), *good(9)], SCHEMA))).to_pyarrow().to_pylist()
    assert (found["rows"], found["bad"], found["arrived"]) == (10, 1, ARRIVED)


def test_every_reason_has_a_meaning():
    assert {rule.name for rule in ROW_RULES} < set(REASONS)
    assert all(REASONS.values())


CELLS = st.sampled_from(["2024-01-01", "2024-01-02", "2024-13-01", ""])
ROWS = st.lists(
    st.tuples(CELLS, st.sampled_from(["1", "2", ""]), st.sampled_from(["1", "2", "x", "-1"]), st.sampled_from(["b1", "b2"])),
    min_size=1,
    max_size=30,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS)
def test_whatever_arrives_each_key_is_kept_at_most_once_and_every_row_is_judged(judged, cells):
    later = {"b1": ARRIVED, "b2": ARRIVED + timedelta(hours=1)}
    rows = [row(d, s, "1", y, batch=b, seq=n, arrived=later[b]) for n, (d, s, y, b) in enumerate(cells)]
    told = judged(rows)
    assert len(told) == len(rows)
    kept = [line for line in rows if told[line["_batch_id"], line["_seq"]] is None]
    assert len({(line["date"], line["store"]) for line in kept}) == len(kept)
    for line in kept:
        assert line["sales"] in {"1", "2"}
        rivals = [
            other
            for other in rows
            if (other["date"], other["store"]) == (line["date"], line["store"]) and other["sales"] in {"1", "2"}
        ]
        open_ = [other for other in rivals if told[other["_batch_id"], other["_seq"]] != "batch_refused"]
        assert line == max(open_, key=lambda other: (other["_ingest_ts"], other["_seq"]))
