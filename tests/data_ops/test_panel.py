"""The panel is dense and says what was missing; its hash depends on content alone."""

# ruff: noqa: DTZ001 - the engine's times are plain, and mean UTC

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from data_ops import calendar_table, panel
from data_ops.engine import load
from data_ops.frequency import DAY, WEEK, Frequency, FrequencyMixedError

SCHEMA = pa.schema(
    [
        ("unique_id", pa.string()),
        ("ds", pa.timestamp("us")),
        ("y", pa.float64()),
        ("store", pa.string()),
        ("item", pa.string()),
        ("_batch_id", pa.string()),
        ("price", pa.float64()),
    ]
)
FIRST = datetime(2024, 1, 1)


def cell(day, y=1.0, item="1", store="1"):
    ds = FIRST + timedelta(days=day)
    return {"unique_id": f"{store}_{item}", "ds": ds, "y": y, "store": store, "item": item, "_batch_id": "b", "price": 2.0}


@pytest.fixture
def table(frame):
    return lambda rows: frame(rows, SCHEMA)


@pytest.fixture
def calendar(backend):
    first = FIRST.replace(tzinfo=UTC)
    built = calendar_table.build(Frequency(seconds=DAY), first, first + timedelta(days=60))
    return load(backend, "calendar", built.to_reader())


def test_gaps_are_filled_between_the_first_and_last_day_of_each_series(table, calendar):
    rows = table([cell(0, 5.0), cell(3, 7.0), cell(2, 9.0, item="2")])
    dense = panel.densify(rows, calendar).to_pyarrow().to_pylist()
    told = [(row["unique_id"], row["ds"].day, row["y"], row["imputed"], row["price"]) for row in dense]
    assert told == [
        ("1_1", 1, 5.0, False, 2.0),
        ("1_1", 2, 0.0, True, None),
        ("1_1", 3, 0.0, True, None),
        ("1_1", 4, 7.0, False, 2.0),
        ("1_2", 3, 9.0, False, 2.0),
    ]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.tuples(st.integers(0, 40), st.sampled_from("123")), st.floats(0, 1e6), min_size=1, max_size=40))
def test_a_dense_panel_has_each_period_once_and_every_arrived_value(table, calendar, cells):
    rows = table([cell(day, y, item) for (day, item), y in cells.items()])
    dense = panel.densify(rows, calendar).to_pyarrow().to_pylist()
    by_key = {(row["unique_id"], row["ds"]): row for row in dense}
    assert len(by_key) == len(dense)
    for item in {item for _, item in cells}:
        days = [day for day, own in cells if own == item]
        assert sum(row["item"] == item for row in dense) == max(days) - min(days) + 1
    for (day, item), y in cells.items():
        row = by_key[f"1_{item}", FIRST + timedelta(days=day)]
        assert (row["y"], row["imputed"]) == (y, False)
    assert sum(row["imputed"] for row in dense) == len(dense) - len(cells)


def test_the_hash_does_not_depend_on_the_order_of_rows_but_on_every_value(table):
    rows = [cell(0, 5.0), cell(1, 6.5), cell(0, 7.0, item="2")]
    digest = panel.content_hash(table(rows))
    assert panel.content_hash(table(rows[::-1])) == digest
    assert panel.content_hash(table([*rows, rows[0]])) != digest
    for name, value in {"y": 5.5, "store": "9", "ds": FIRST + timedelta(days=9), "price": None}.items():
        assert panel.content_hash(table([{**rows[0], name: value}, *rows[1:]])) != digest


def test_rows_that_swap_values_have_another_hash(table):
    one = panel.content_hash(table([cell(0, 5.0), cell(1, 6.0)]))
    assert panel.content_hash(table([cell(0, 6.0), cell(1, 5.0)])) != one


def test_the_grid_starts_where_most_dates_lie(table):
    weekly = [cell(7 * week + 2) for week in range(9)]
    assert panel.grid_start(table([cell(0), *weekly]), Frequency(seconds=WEEK)) == datetime(2024, 1, 3, tzinfo=UTC)
    ends = [{**cell(0), "ds": datetime(2024, month, day)} for month, day in ((2, 29), (3, 31), (4, 30), (4, 7))]
    assert panel.grid_start(table(ends), Frequency(months=1)) == datetime(2024, 2, 29, tzinfo=UTC)


def test_rows_off_the_grid_are_split_off(table, calendar):
    odd = {**cell(1), "ds": FIRST + timedelta(hours=30)}
    good, off = panel.split_grid(table([cell(0), odd]), calendar)
    assert [row["ds"] for row in good.to_pyarrow().to_pylist()] == [FIRST]
    assert [row["ds"] for row in off.to_pyarrow().to_pylist()] == [odd["ds"]]


def test_too_many_rows_off_the_grid_are_a_mixture():
    panel.require_grid(1, 100, Frequency(seconds=DAY))
    with pytest.raises(FrequencyMixedError, match="2 of 100"):
        panel.require_grid(2, 100, Frequency(seconds=DAY))


def test_series_whose_names_would_collide_are_refused(table):
    rows = table([cell(0, store="1_2", item="3"), cell(0, store="1", item="2_3")])
    with pytest.raises(panel.SeriesNamesCollideError, match="2 pairs"):
        panel.extent(rows)


def test_no_rows_are_refused(table):
    with pytest.raises(panel.NoRowsError, match="quarantine"):
        panel.extent(table([]))
