"""Bronze becomes silver once, whatever arrives and whenever the job is killed."""

import csv
import io
import signal
import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from bench.prepare import anchor, features_sql
from contracts.events import DataVersion
from data_ops.assessment import BatchRefusedError
from data_ops.frequency import FrequencyMixedError
from data_ops.panel import NoRowsError
from data_ops.prepare import prepare
from data_ops.sources.generated import generate
from data_ops.storage import TableMissingError, locate, table
from data_ops.summary import CALENDAR, FEATURES, PANEL, QUARANTINE, Summary, summary_of

STEP = "import sys\nfrom data_ops.prepare import main\nmain()\n"
TABLES = (QUARANTINE, CALENDAR, PANEL, FEATURES)


def bronze(version):
    return DataVersion(table="bronze/sales", version=version)


def prepared(version: int, causation: str = "") -> Summary:
    summary = prepare(bronze(version), causation)
    assert summary is not None
    return summary


def text(columns):
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow(columns)
    lines.writerows(zip(*columns.values(), strict=True))
    return out.getvalue()


def test_a_small_panel_becomes_four_silver_tables_with_figures(lake, daily):
    lake.arrive("a.csv", daily(days=60, items=3))
    summary = prepared(1, "event-1")
    assert (summary.rows_in, summary.rows_out, summary.series, summary.frequency, summary.season) == (180, 180, 3, "daily", 1)
    assert (summary.first, summary.last) == ("2024-01-01T00:00:00+00:00", "2024-02-29T00:00:00+00:00")
    assert summary.silver == {name: lake.version(name) for name in TABLES}
    assert len(lake.rows(FEATURES)) == 180
    assert lake.rows(QUARANTINE) == []
    row = next(row for row in lake.rows(FEATURES) if row["period"] == 9 and row["unique_id"] == "1_2")
    assert (row["y"], row["lag_1"], row["lag_4"], row["mean_2"]) == (19.0, 18.0, 15.0, 17.5)


def test_each_commit_names_its_cause_and_its_bronze_version(lake, daily):
    lake.arrive("a.csv", daily())
    summary = prepared(1, "event-1")
    for name in TABLES:
        newest = table(locate(name)).history(1)[0]
        assert (newest["causationId"], newest["bronzeVersion"]) == ("event-1", "bronze/sales@1")
    assert table(locate(PANEL)).history(1)[0]["contentHash"] == summary.content_hash


def test_silver_has_no_feature_that_other_readers_refuse(lake, daily):
    lake.arrive("a.csv", daily())
    prepare(bronze(1))
    for name in TABLES:
        assert table(locate(name)).protocol().min_reader_version == 1


def test_bad_rows_are_quarantined_with_a_reason_and_the_rest_goes_on(lake, daily):
    columns = daily(days=60)
    bad = {"sales": {3: "N/A", 7: "-2"}, "date": {11: "2024-02-31"}, "item": {20: ""}}
    for name, cells in bad.items():
        for index, value in cells.items():
            columns[name][index] = value
    lake.arrive("a.csv", text(columns))
    summary = prepared(1)
    assert summary.quarantined == {"bad_date": 1, "bad_sales": 1, "missing_key": 1, "negative_sales": 1}
    assert summary.rows_in == summary.rows_kept + sum(summary.quarantined.values()) == 120
    assert (summary.rows_imputed, summary.rows_out) == (4, 120)
    told = {row["reason"]: row for row in lake.rows(QUARANTINE)}
    assert told["bad_sales"]["sales"] == "N/A"
    assert told["bad_date"]["meaning"] == "the date is missing or no ISO 8601 date"
    assert {row["_source_file"] for row in told.values()} == {"a.csv"}


def test_a_key_twice_in_one_file_keeps_the_last_and_quarantines_the_first(lake, daily):
    columns = daily(days=60, items=1)
    for name, value in {"date": "2024-01-05", "store": "1", "item": "1", "sales": "999"}.items():
        columns[name].append(value)
    lake.arrive("a.csv", text(columns))
    assert prepared(1).quarantined == {"duplicate_key": 1}
    assert next(row["y"] for row in lake.rows(PANEL) if row["ds"].day == 5 and row["ds"].month == 1) == 999.0


def test_a_correction_in_a_later_file_replaces_without_quarantine(lake, daily):
    lake.arrive("a.csv", daily(days=30, items=1))
    lake.arrive("b.csv", "date,store,item,sales\n2024-01-05,1,1,999\n2024-01-31,1,1,50\n")
    summary = prepared(2)
    assert (summary.rows_in, summary.rows_kept, summary.rows_replaced, summary.quarantined) == (32, 31, 1, {})
    assert next(row["y"] for row in lake.rows(PANEL) if row["ds"].day == 5) == 999.0


def test_a_file_with_too_many_bad_rows_fails_the_job_and_silver_stays(lake, daily):
    lake.arrive("a.csv", daily())
    prepare(bronze(1))
    before = lake.rows(PANEL)
    lake.arrive("b.csv", "date,store,item,sales\n2024-02-01,1,1,many\n2024-02-02,1,1,3\n")
    with pytest.raises(BatchRefusedError, match=r"b\.csv: 1 of 2 rows \(1 bad_sales\)"):
        prepare(bronze(2))
    assert lake.rows(PANEL) == before
    assert sorted(row["reason"] for row in lake.rows(QUARANTINE)) == ["bad_sales", "batch_refused"]
    lake.arrive("c.csv", "date,store,item,sales\n2024-02-01,1,1,2\n2024-02-02,1,1,3\n")
    assert prepared(3).quarantined == {"bad_sales": 1, "batch_refused": 1}
    assert len(lake.rows(PANEL)) == 60 - 30 + 33


def test_text_in_every_sales_cell_is_refused(lake, daily):
    lake.arrive("a.csv", text(daily() | {"sales": ["some"] * 60}))
    with pytest.raises(BatchRefusedError, match="60 bad_sales"):
        prepare(bronze(1))


def test_mixed_frequencies_are_refused_and_nothing_is_written(lake, daily):
    columns = daily(days=40, items=2)
    weekly = [(date(2024, 1, 1) + timedelta(days=7 * week)).isoformat() for week in range(30)]
    columns["date"] += weekly
    for name, value in (("store", "9"), ("item", "9"), ("sales", "4")):
        columns[name] += [value] * 30
    lake.arrive("a.csv", columns)
    with pytest.raises(FrequencyMixedError, match="weekly"):
        prepare(bronze(1))
    assert list((lake.folder / "silver").iterdir()) == []


def test_a_few_dates_off_the_grid_are_quarantined(lake, daily):
    columns = daily(days=120, items=1)
    columns["date"][50] = "2024-02-20T07:30:00"
    lake.arrive("a.csv", text(columns))
    summary = prepared(1)
    assert summary.quarantined == {"off_frequency": 1}
    assert (summary.rows_kept, summary.rows_imputed) == (119, 1)
    assert [row["date"] for row in lake.rows(QUARANTINE)] == ["2024-02-20T07:30:00"]


def test_an_empty_or_missing_version_is_told(lake, daily):
    with pytest.raises(TableMissingError):
        prepare(bronze(1))
    lake.arrive("a.csv", daily())
    with pytest.raises(NoRowsError):
        prepare(bronze(0))
    with pytest.raises(TableMissingError, match="@7"):
        prepare(bronze(7))


def test_a_repeated_run_changes_nothing_and_answers_the_same(lake, daily):
    lake.arrive("a.csv", daily())
    first = prepare(bronze(1))
    versions = {name: lake.version(name) for name in TABLES}
    assert prepare(bronze(1)) == first == summary_of(bronze(1))
    assert {name: lake.version(name) for name in TABLES} == versions


def test_a_late_run_for_an_older_version_changes_nothing(lake, daily):
    lake.arrive("a.csv", daily(days=30))
    lake.arrive("b.csv", daily(days=31))
    newer = prepare(bronze(2))
    before = lake.rows(FEATURES)
    assert prepare(bronze(1)) is None
    assert summary_of(bronze(1)) is None
    assert lake.rows(FEATURES) == before
    assert summary_of(bronze(2)) == newer


def test_the_same_content_has_the_same_hash_whatever_files_it_came_in(lake, daily, tmp_path, monkeypatch):
    columns = daily(days=40, items=1)
    lake.arrive("whole.csv", columns)
    whole = prepared(1).content_hash
    for container in ("bronze", "silver"):
        (tmp_path / "other" / container).mkdir(parents=True)
        monkeypatch.setenv(f"{container.upper()}_URL", str(tmp_path / "other" / container))
    lake.arrive("second.parquet", {name: cells[20:] for name, cells in columns.items()})
    lake.arrive("first.csv", {name: cells[:20] for name, cells in columns.items()})
    assert prepared(2).content_hash == whole


def test_a_summary_survives_json(lake, daily):
    lake.arrive("a.csv", daily())
    summary = prepared(1)
    assert Summary.of(summary.json()) == summary


@pytest.mark.parametrize("reached", [QUARANTINE, CALENDAR, PANEL])
def test_a_job_killed_between_its_tables_is_finished_by_the_next_run(lake, start, reached):
    lake.arrive("g.parquet", generate(stores=2, items=10, days=1500).sales.to_pydict())
    process = start(STEP, "--table=bronze/sales", "--version=1", "--run-id=1")
    commit = Path(locate(reached)) / "_delta_log" / f"{1:020d}.json"
    while not commit.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.0005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert summary_of(bronze(1)) is None
    summary = prepared(1)
    assert {name: lake.version(name) for name in TABLES} == dict.fromkeys(TABLES, 1)
    assert (
        summary.rows_out == len(lake.rows(FEATURES)) == len({(row["unique_id"], row["ds"]) for row in lake.rows(PANEL)}) == 30_000
    )


def test_two_runs_at_once_leave_each_table_once(lake, daily, start):
    lake.arrive("a.csv", daily(days=90))
    runs = [start(STEP, "--table=bronze/sales", "--version=1", f"--run-id={number}") for number in (1, 2)]
    told = [run.communicate(timeout=60) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], told
    assert {name: lake.version(name) for name in TABLES} == dict.fromkeys(TABLES, 1)
    assert len(lake.rows(FEATURES)) == 180


def test_silver_equals_what_raw_sql_makes_of_the_same_bronze(lake, tmp_path):
    columns = generate(stores=2, items=3, days=400).sales.to_pydict()
    columns["sales"] = [str(y) for y in columns["sales"]]
    for index, value in {5: "N/A", 700: "-1", 1500: "x"}.items():
        columns["sales"][index] = value
    for name, cells in columns.items():
        cells.append(cells[100] if name != "sales" else "777")
        del cells[300:310]
    lake.arrive("g.parquet", columns)
    lake.arrive("late.parquet", {name: cells[50:60] if name != "sales" else ["5"] * 10 for name, cells in columns.items()})
    summary = prepared(2)
    assert summary.season == 7
    assert summary.quarantined == {"bad_sales": 2, "duplicate_key": 1, "negative_sales": 1}
    (tmp_path / "anchor").mkdir()
    connection = anchor(locate("bronze/sales"), 2, tmp_path / "anchor")
    expected = connection.sql(f"from ({features_sql()}) order by unique_id, ds").to_arrow_table().to_pylist()
    connection.close()
    ours = sorted(lake.rows(FEATURES), key=lambda row: (row["unique_id"], row["ds"]))
    assert len(ours) == len(expected) == 2400
    for one, other in zip(ours, expected, strict=True):
        other["ds"] = other["ds"].replace(tzinfo=one["ds"].tzinfo)
        assert same(one, other), (one, other)


def same(one, other):
    close = all(
        value == pytest.approx(other[name], rel=1e-9, abs=1e-6) if isinstance(value, float) else value == other[name]
        for name, value in one.items()
    )
    return close and list(one) == list(other)


def test_a_file_of_another_frequency_fails_its_own_run_and_holds_no_later_file_back(lake, daily):
    lake.arrive("daily.csv", daily(days=90))
    assert prepared(1).frequency == "daily"
    days = [(date(2024, 1, 1) + timedelta(weeks=week)).isoformat() for week in range(30)]
    lake.arrive("weekly.csv", {"date": days, "store": ["9"] * 30, "item": ["9"] * 30, "sales": ["1"] * 30})
    with pytest.raises(FrequencyMixedError, match="weekly"):
        prepare(bronze(2))
    assert {row["reason"] for row in lake.rows(QUARANTINE)} == {"other_frequency"}
    lake.arrive("more.csv", daily(days=100))
    later = prepared(3)
    assert (later.frequency, later.quarantined) == ("daily", {"other_frequency": 30})
    assert later.series == 2
