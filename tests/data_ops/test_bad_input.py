"""What strangers' files look like: read right, or refused at once with four parts; the first look and the job agree."""

import contextlib
import gzip
import os
import re
import socket
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.events import DataVersion
from data_ops.arrival import Arriving
from data_ops.checks import parse
from data_ops.ingest import ingest
from data_ops.look import look
from data_ops.negative import Negative, NegativeRefusedError, parse_negative
from data_ops.prepare import prepare
from data_ops.sources.files import BLOCK_BYTES
from data_ops.sources.mapping import parse_mapping
from data_ops.sources.refusals import FileRefusedError
from data_ops.summary import PANEL

HEADER = "date,store,item,sales"
DAYS = [(date(2024, 1, 1) + timedelta(days=day)).isoformat() for day in range(30)]
PLAIN = f"{HEADER},price\n" + "".join(f"{day},north,tea,{index + 1}.5,2.25\n" for index, day in enumerate(DAYS))


def written(lake, content: bytes | str, name: str = "sales.csv"):
    path = lake.folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(path, columns: str = ""):
    """The rows as bronze will hold them."""
    arriving = Arriving.of(path, parse_mapping(columns), Negative.QUARANTINE)
    return arriving, arriving.reader("", datetime.now(UTC)).read_all().to_pylist()


def seen_twice(path, columns: str = "", negative=Negative.QUARANTINE):
    """What the first look says, after the job has said the same of the same file."""
    mapping = parse_mapping(columns)
    seen = look(path, mapping, negative)
    arrived = ingest(path, mapping, negative)
    summary = prepare(DataVersion(table=arrived.table, version=arrived.version))
    assert summary is not None
    assert seen.refusal is None
    assert (seen.rows, seen.kept, seen.dropped) == (summary.rows_in, summary.rows_kept, summary.quarantined)
    panel = seen.json()["panel"]
    for name in ("series", "first", "last", "frequency", "season"):
        assert panel[name] == getattr(summary, name)
    assert panel["missing_periods"] == summary.rows_imputed
    return seen


def sold(lake):
    return [row["y"] for row in sorted(lake.rows(PANEL), key=lambda row: (row["unique_id"], row["ds"]))]


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (PLAIN, "CSV"),
        ("\ufeff" + PLAIN, "CSV"),
        (PLAIN.replace("\n", "\r\n"), "CSV"),
        (gzip.compress(PLAIN.encode()), "CSV, gzip"),
        (PLAIN.replace(",", ";"), "CSV, delimiter ;"),
        (PLAIN.replace(",", "|"), "CSV, delimiter |"),
        (PLAIN.replace(",", "\t"), "CSV, delimiter tab"),
        (PLAIN.replace(",", ";").replace(".", ","), "CSV, delimiter ; and decimal comma"),
        (PLAIN.replace(",", "\t").replace(".", ","), "CSV, delimiter tab and decimal comma"),
        (PLAIN.replace("north", '"no\nrth, ""x"""'), "CSV"),
        (PLAIN.replace(HEADER, " Date , STORE,item ,Sales"), "CSV"),
        (PLAIN.replace("price", '"the\nprice"'), "CSV"),
    ],
)
def test_other_dialects_are_read_as_the_plain_one(lake, content, form):
    arriving, rows = read(written(lake, content))
    (covariate,) = arriving.kinds
    assert (str(arriving.files[0].dialect), "price" in covariate) == (form, True)
    assert [row["date"] for row in rows] == DAYS
    assert [row["sales"] for row in rows] == [f"{day + 1}.5" for day in range(30)]
    assert {row[covariate] for row in rows} == {2.25}


def test_a_decimal_comma_goes_through_to_silver(lake):
    seen_twice(written(lake, PLAIN.replace(",", ";").replace(".", ",")))
    assert sold(lake) == [day + 1.5 for day in range(30)]


@pytest.mark.parametrize(
    ("content", "told", "remedy"),
    [
        (PLAIN.replace("north", "Zürich").encode("latin-1"), "byte 40 is not UTF-8", "iconv -f ISO-8859-1"),
        (PLAIN.encode() * 2000 + b"2024-02-01,caf\xe9,tea,1,1\n", f"byte {len(PLAIN) * 2000 + 14} is not UTF-8", "iconv"),
        (gzip.compress(PLAIN.replace("tea", "thé").encode("latin-1")), "of the unpacked text is not UTF-8", "gzip -dc"),
        (PLAIN.encode("utf-16"), "byte 0 is not UTF-8", "iconv -f UTF-16"),
        (PLAIN.encode("utf-16-le"), "byte 1 is not UTF-8", "iconv -f UTF-16"),
        (b"\x00\x01\x02\x03" * 100, "this is no text", "Export"),
        (b"PK\x03\x04" + b"x" * 100, "Excel", "Export the sheet as CSV"),
        (gzip.compress(PLAIN.encode())[:60], "can't be read", "export"),
        (f"{HEADER}\n", "no rows", "export"),
        ("", "it is empty", "export"),
        (PLAIN + '2024-02-01,"north,tea,1,1\n', "can't be read", "export"),
        (PLAIN.replace("price", "Store"), "repeated: Store", "rename"),
        (PLAIN.replace("price", "Lag_7"), "reserved or repeated: Lag_7", "rename"),
        (PLAIN.replace("north", "no+rth"), "sign +", "export"),
    ],
)
def test_what_can_not_be_read_is_refused_before_anything_is_written(lake, content, told, remedy):
    columns = parse_mapping("store=store+item,item=") if "no+rth" in str(content) else {}
    path = written(lake, content)
    for step in (look, ingest):
        with pytest.raises(FileRefusedError) as refusal:
            step(path, columns)
        assert told in str(refusal.value)
        assert remedy in refusal.value.remedy
        assert "sales.csv" in refusal.value.given
    assert list((lake.folder / "bronze").iterdir()) == []


def test_a_path_that_is_no_file_is_refused_without_waiting(lake):
    os.mkfifo(lake.folder / "pipe")
    (lake.folder / "circle").symlink_to(lake.folder / "circle")
    (lake.folder / "empty").mkdir()
    (lake.folder / "nested" / "inner").mkdir(parents=True)
    told = {"pipe": "a named pipe", "circle": "symbolic links", "empty": "no files", "nested": "inner: it is a folder"}
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as bound:
        bound.bind(str(lake.folder / "sock"))
        for name, why in {**told, "sock": "a socket", "none": "No such file", "a\0b": "null"}.items():
            with pytest.raises(FileRefusedError, match=why):
                look(lake.folder / name)
    with pytest.raises(FileRefusedError, match="a device"):
        look(lake.folder / "../../../../../../../../dev/zero")


@pytest.mark.parametrize("header", [b"", PLAIN.encode()])
def test_ten_gigabytes_of_nothing_are_refused_at_once(lake, header):
    path = lake.folder / "huge.csv"
    path.write_bytes(header)
    os.truncate(path, 10 << 30)
    for step in (look, ingest):
        with pytest.raises(FileRefusedError, match="can't be read"):
            step(path)


def test_a_path_that_climbs_is_the_file_that_it_leads_to(lake):
    (lake.folder / "inner").mkdir()
    (lake.folder / "sales.csv").write_text(PLAIN)
    (lake.folder / "link.csv").symlink_to("inner/../sales.csv")
    assert len(read(lake.folder / "inner" / ".." / "link.csv")[1]) == 30


def test_the_files_of_a_folder_are_one_arrival_in_the_order_of_their_names(lake):
    folder = lake.folder / "panel"
    folder.mkdir()
    lines = PLAIN.splitlines(keepends=True)
    empty = "".join(line.replace(",2.25", ",") for line in lines[1:11])
    (folder / "1.csv").write_text(lines[0] + empty)
    (folder / "2.csv.gz").write_bytes(gzip.compress("".join([lines[0], *lines[11:21]]).encode()))
    rows = {"date": DAYS[20:], "store": ["north"] * 10, "item": ["tea"] * 10, "sales": np.arange(21.5, 31.5)}
    pq.write_table(pa.table({**rows, "price": [2.25] * 10}), folder / "3.parquet")
    (folder / "_SUCCESS").write_bytes(b"")
    seen = seen_twice(folder)
    assert (seen.files, seen.kept, seen.covariates["price"].filled) == (3, 30, pytest.approx(2 / 3))
    assert sold(lake) == [day + 1.5 for day in range(30)]
    bronze = sorted(lake.rows("bronze/sales"), key=lambda row: row["_seq"])
    assert [row["_source_file"] for row in bronze] == ["1.csv"] * 10 + ["2.csv.gz"] * 10 + ["3.parquet"] * 10
    assert [row["_seq"] for row in bronze] == list(range(30))
    assert lake.commits("bronze/sales") == 2
    assert ingest(folder).already_there


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (f"{HEADER}\n2024-02-01,a,b,1\n", "price not in both it and 1.csv"),
        (PLAIN.replace("2.25", "cheap"), "price holds texts"),
        ("# about\n", r"2\.txt with # about"),
    ],
)
def test_a_folder_of_several_layouts_is_refused_by_the_files_name(lake, other, told):
    folder = lake.folder / "panel"
    folder.mkdir()
    (folder / "1.csv").write_text(PLAIN)
    (folder / "2.txt").write_text(other)
    with pytest.raises(FileRefusedError, match=told) as refusal:
        ingest(folder)
    assert "2.txt" in refusal.value.given


@pytest.mark.parametrize(
    ("columns", "key"),
    [("store=region+shop,item=", "west+3_all"), ("store=,item=shop", "all_3"), ("store=region,item=region", "west_west")],
)
def test_keys_are_joined_from_several_columns_or_stand_for_none(lake, columns, key):
    path = written(lake, "date,region,shop,sales\n" + "".join(f"{day},west,3,4\n" for day in DAYS))
    assert {f"{row['store']}_{row['item']}" for row in read(path, columns)[1]} == {key}


def test_a_joined_key_without_a_part_is_a_missing_key(lake):
    content = "date,region,shop,item,sales\n" + "".join(f"{day},west,3,tea,4\n" for day in DAYS) + "2024-02-01, ,3,tea,4\n"
    assert seen_twice(written(lake, content), "store=region+shop").dropped == {"missing_key": 1}


def test_covariates_of_any_name_arrive_and_those_without_use_are_told(lake):
    names = {
        "select": "1",
        '"a ""b"", c"': "2.5",
        "größe in €": "true",
        "by": "3",
        "rank": "4",
        "seen": "5",
        "off": "6",
        "": "9",
        "Month": "7",
        "empty": "",
        "note": "n",
    }
    content = ",".join([HEADER, *names]) + "\n" + "".join(f"{day},1,1,2,{','.join(names.values())}\n" for day in DAYS)
    seen = seen_twice(written(lake, content))
    assert set(seen.covariates) == {"select", "a_b_c", "größe_in", "by", "rank", "seen", "off", "Month", "note"}
    assert set(seen.left_out) == {"column 12", "empty", "Month", "note"}
    row = lake.rows("silver/features")[0]
    assert (row["select"], row["a_b_c"], row["größe_in"], row["by"], row["rank"]) == (1.0, 2.5, 1.0, 3.0, 4.0)
    assert (row["seen"], row["off"], row["month"], "Month" in row) == (5.0, 6.0, 1, False)


def test_a_covariate_is_numbers_only_where_all_its_cells_are(lake):
    late = f"{HEADER},a,b\n" + "".join(
        f"2024-{1 + index // 28:02}-{1 + index % 28:02},{store},1,2,{'' if store < 900 else 7},{'x' if store == 999 else 8}\n"
        for store in range(1000)
        for index in range(300)
    )
    kinds = Arriving.of(lake.file("late.csv", late), {}, Negative.QUARANTINE).kinds
    assert [str(kind) for kind in kinds.values()] == ["number", "text"]
    assert len(late) > BLOCK_BYTES


@pytest.mark.parametrize(
    ("negative", "dropped", "returns", "first"),
    [(Negative.QUARANTINE, {"negative_sales": 1}, 0, [1.0, 0.0, 1.0]), (Negative.ZERO, {}, 1, [1.0, 0.0, 1.0])],
)
def test_returns_are_set_aside_or_count_as_no_sale(lake, negative, dropped, returns, first):
    content = f"{HEADER}\n" + "".join(f"{day},1,1,{-4 if index == 1 else 1}\n" for index, day in enumerate(DAYS))
    seen = seen_twice(written(lake, content), negative=negative)
    assert (seen.dropped, seen.returns) == (dropped, returns)
    assert sold(lake)[:3] == first
    assert [row["imputed"] for row in sorted(lake.rows(PANEL), key=lambda row: row["ds"])][1] == bool(dropped)
    assert {row["sales"] for row in lake.rows("bronze/sales")} == {"1", "-4"}


def test_each_batch_keeps_its_own_choice_and_another_choice_is_another_arrival(lake):
    path = lake.file("a.csv", f"{HEADER}\n" + "".join(f"{day},1,1,{-4 if day == DAYS[3] else 1}\n" for day in DAYS))
    assert ingest(path, negative=Negative.ZERO).version == 1
    assert ingest(path).version == 2
    assert ingest(path, negative=Negative.ZERO).already_there
    for version, quarantined in ((1, {}), (2, {"negative_sales": 1})):
        summary = prepare(DataVersion(table="bronze/sales", version=version))
        assert summary is not None
        assert summary.quarantined == quarantined


def test_negative_sales_are_never_kept_as_they_are():
    assert (parse_negative(""), parse_negative("zero")) == (Negative.QUARANTINE, Negative.ZERO)
    with pytest.raises(NegativeRefusedError, match="models forecast counts"):
        parse_negative("keep")


BAD_ROWS = {
    "2024-01-31,1,1,NaN": "bad_sales",
    "2024-01-31,1,1,-inf": "bad_sales",
    "2024-01-31,1,1,1e999": "bad_sales",
    '2024-01-31,1,1,"1.234,5"': "bad_sales",
    "2999-01-01,1,1,3": "future_date",
    "infinity,1,1,3": "bad_date",
    "2024-01-31 00:00 Europe/Berlin,1,1,3": "bad_date",
    "31.01.2024,1,1,3": "bad_date",
    "2024-01-05,1,1,7": "duplicate_key",
}


def test_a_bad_row_is_dropped_for_its_reason_before_and_in_the_job(lake):
    good = [f"{day},{store},1,4" for day in DAYS for store in range(1, 8)]
    seen = seen_twice(written(lake, "\n".join([HEADER, *good, *BAD_ROWS]) + "\n"), negative=Negative.ZERO)
    assert seen.dropped == Counter(BAD_ROWS.values())
    assert any("3 bad_date: the date is missing" in line for line in seen.lines() if line.startswith("dropped      "))


def test_offsets_are_brought_to_utc_whatever_the_engine_makes_of_them(frame):
    written = {
        "2024-01-01": "2024-01-01 00:00",
        "2024-01-01T05:00": "2024-01-01 05:00",
        "2024-01-01 05:00:00Z": "2024-01-01 05:00",
        "2024-01-01T05:00:00+00": "2024-01-01 05:00",
        "2024-01-01T05:00:00.5 +0000": "2024-01-01 05:00:00.5",
        "2024-01-01T00:00:00+02:00": "2023-12-31 22:00",
        "2024-01-01T00:00-05:30": "2024-01-01 05:30",
        "2024-01-01T00:00:00-00:30": "2024-01-01 00:30",
    }
    schema = pa.schema([(name, pa.string()) for name in ("date", "store", "item", "sales")])
    rows = [{"date": text, "store": "1", "item": "1", "sales": "1"} for text in written]
    found = parse(frame(rows, schema)).to_pyarrow()["ds"].to_pylist()
    assert found == [datetime.fromisoformat(utc) for utc in written.values()]


def test_hours_of_two_zones_are_one_panel_and_days_of_two_zones_are_refused(lake):
    hours = [f"{DAYS[index // 24]}T{index % 24:02}:00:00+0{store}:00,{store},1,4" for store in (1, 2) for index in range(100)]
    assert seen_twice(written(lake, "\n".join([HEADER, *hours]))).kept == 200
    days = [f"{day}T00:00:00+0{1 + index % 2}:00,1,1,4" for index, day in enumerate(DAYS)]
    assert "mixes frequencies" in str(look(written(lake, "\n".join([HEADER, *days]))).refusal)


WEEKLY = [(date(2024, 1, 1) + timedelta(weeks=week)).isoformat() for week in range(30)]


@pytest.mark.parametrize(
    ("rows", "happened"),
    [
        (["2024-01-01,1,1,4"], "frequency can't be read"),
        (["2999-01-01,1,1,4"], "too many bad rows"),
        ([f"{day},{key},1" for day in DAYS for key in ("a_b,c", "a,b_c")], "one name"),
        ([*(f"{day},1,1,1" for day in DAYS), *(f"{day},2,1,1" for day in WEEKLY)], "mixes frequencies"),
    ],
)
def test_what_the_job_would_refuse_is_refused_by_the_first_look(lake, rows, happened):
    path = written(lake, "\n".join([HEADER, *rows]))
    seen = look(path)
    assert seen.refusal is not None
    assert happened in seen.refusal.happened + str(seen.refusal)
    arrived = ingest(path)
    with pytest.raises(type(seen.refusal), match=re.escape(seen.refusal.given)):
        prepare(DataVersion(table=arrived.table, version=arrived.version))
    assert list(seen.lines())[1].startswith("rows         ")
    assert seen.json()["refusal"]["happened"] == seen.refusal.happened


def test_gaps_are_counted_by_series(lake):
    lines = [f"{day},{store},1,4\n" for store in (1, 2) for index, day in enumerate(DAYS) if store == 1 or index not in {4, 5, 9}]
    seen = seen_twice(written(lake, f"{HEADER}\n{''.join(lines)}"))
    assert "gaps         3 periods missing in 1 series, filled in as unknown" in seen.lines()


def test_many_short_series_are_one_panel(lake):
    names = np.repeat([f"s{index}" for index in range(5000)], 5)
    table = pa.table({"date": DAYS[:5] * 5000, "store": names, "item": ["1"] * 25_000, "sales": np.ones(25_000)})
    pq.write_table(table, lake.folder / "many.parquet")
    assert "series       5,000: 5,000 stores, 1 items" in seen_twice(lake.folder / "many.parquet").lines()
