"""A file becomes one commit to bronze, whoever ingests it and how often; a bad file becomes none."""

import json

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from data_ops.ingest import ingest
from data_ops.sources.mapping import MappingRefusedError, parse_mapping
from data_ops.sources.refusals import FileRefusedError
from data_ops.storage import SchemaRefusedError, locate

RACER = """
import sys
from pathlib import Path
from data_ops.ingest import ingest
print(ingest(Path(sys.argv[1])).already_there)
"""


def test_bronze_keeps_what_arrived_and_where_from(lake):
    result = lake.arrive("a.csv", "date,store,item,sales,price\n2024-01-01,7,x,N/A,1.5\n2017-02-30,7,x,3,\n")
    assert (result.table, result.version, result.rows, result.already_there) == ("bronze/sales", 1, 2, False)
    rows = sorted(lake.rows("bronze/sales"), key=lambda row: row["_seq"])
    assert [row["sales"] for row in rows] == ["N/A", "3"]
    assert [row["date"] for row in rows] == ["2024-01-01", "2017-02-30"]
    assert [row["price"] for row in rows] == [1.5, None]
    assert {row["_source_file"] for row in rows} == {"a.csv"}
    assert len({(row["_batch_id"], row["_ingest_ts"]) for row in rows}) == 1


def test_the_commit_says_which_file_and_which_cause(lake):
    result = lake.arrive("a.csv", "date,store,item,sales\n2024-01-01,1,1,3\n")
    newest = DeltaTable(locate("bronze/sales")).history(1)[0]
    assert newest["file"] == "a.csv"
    assert newest["rows"] == "1"
    assert newest["causationId"] == result.causation
    assert len(newest["sha256"]) == 64


def test_a_file_ingested_twice_is_one_commit_under_any_name(lake, daily):
    first = lake.arrive("a.csv", daily())
    again = lake.arrive("b.csv", daily())
    assert not first.already_there
    assert again.already_there
    assert (again.version, again.rows, again.causation) == (first.version, first.rows, first.causation)
    assert lake.commits("bronze/sales") == 2


def test_two_processes_with_one_file_make_one_commit(lake, daily, start):
    path = lake.file("a.parquet", daily())
    racers = [start(RACER, str(path)) for _ in range(2)]
    told = [racer.communicate(timeout=60) for racer in racers]
    assert sorted(out.strip() for out, _ in told) == ["False", "True"], told
    assert lake.commits("bronze/sales") == 2
    assert len(lake.rows("bronze/sales")) == 60


def test_different_files_are_different_commits(lake, daily):
    assert lake.arrive("a.csv", daily(days=5)).version == 1
    assert lake.arrive("b.csv", daily(days=6)).version == 2


def test_columns_of_a_file_are_mapped_and_types_become_text(lake):
    path = lake.file(
        "a.parquet",
        {
            "ds": pa.array([0, 86_400_000_000], pa.timestamp("us")),
            "shop": pa.array([1, 1], pa.int64()),
            "item": pa.array(["x", "x"]).dictionary_encode(),
            "units": pa.array([2.0, 3.5]),
            "deal": pa.array([True, False]),
        },
    )
    ingest(path, parse_mapping("date=ds, store=shop,sales=units"))
    first, second = sorted(lake.rows("bronze/sales"), key=lambda row: row["_seq"])
    assert (first["store"], first["item"], first["deal"]) == ("1", "x", 1.0)
    assert second["date"].startswith("1970-01-02")
    assert float(second["sales"]) == 3.5


def test_another_mapping_of_the_same_bytes_is_another_arrival(lake):
    path = lake.file("a.csv", "date,store,item,net,gross\n2024-01-01,1,1,3,4\n")
    assert ingest(path, {"sales": "net"}).version == 1
    assert ingest(path, {"sales": "gross"}).version == 2
    assert ingest(path, {"sales": "net"}).already_there


@pytest.mark.parametrize("text", ["date", "date=", "day=ds", "date=a,date", "=x"])
def test_a_mapping_that_can_not_be_read_is_refused(text):
    with pytest.raises(MappingRefusedError, match="date=ds"):
        parse_mapping(text)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "can't be read"),
        ("date,store,item,sales\n", "no rows"),
        ("date,store,item\n2024-01-01,1,1\n", "without sales"),
        ("day,store,item,sales\n2024-01-01,1,1,2\n", "without date"),
        ("date,store,item,sales,y\n2024-01-01,1,1,2,3\n", "reserved"),
        ("date,store,item,sales,price,price\n2024-01-01,1,1,2,3,3\n", "reserved"),
        ("date,store,item,sales\n2024-01-01,1,1,2\n2024-01-02,1,1\n", "can't be read"),
    ],
)
def test_a_file_that_holds_no_sales_is_refused_and_leaves_nothing(lake, content, told):
    with pytest.raises(FileRefusedError, match=told):
        lake.arrive("bad.csv", content)
    assert list((lake.folder / "bronze").rglob("*")) == []


def test_a_missing_a_broken_and_a_nested_file_are_refused(lake, tmp_path):
    with pytest.raises(FileRefusedError, match=r"none\.csv"):
        ingest(tmp_path / "none.csv")
    with pytest.raises(FileRefusedError, match="can't be read"):
        ingest(tmp_path)
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(FileRefusedError, match="can't be read"):
        ingest(tmp_path / "cut.parquet")
    (tmp_path / "bytes.csv").write_bytes(b"date,store,item,sales\n\xff\xfe\x00,1,1,1\n")
    with pytest.raises(FileRefusedError, match="can't be read"):
        ingest(tmp_path / "bytes.csv")
    columns = {"date": ["2024-01-01"], "store": ["1"], "item": ["1"], "sales": ["1"], "tags": [["a"]]}
    with pytest.raises(FileRefusedError, match="nested: tags"):
        lake.arrive("nested.parquet", columns)
    assert list((lake.folder / "bronze").rglob("*")) == []


def test_a_covariate_that_changes_its_type_or_its_case_is_refused_and_leaves_bronze_as_it_was(lake):
    lake.arrive("a.csv", "date,store,item,sales,price\n2024-01-01,1,1,3,1.5\n")
    with pytest.raises(SchemaRefusedError, match="price: string"):
        lake.arrive("b.csv", "date,store,item,sales,price\n2024-01-02,1,1,3,cheap\n")
    with pytest.raises(SchemaRefusedError, match=r"Price \(the table has price\)"):
        lake.arrive("c.csv", "date,store,item,sales,Price\n2024-01-02,1,1,3,2.5\n")
    assert lake.commits("bronze/sales") == 2


def test_the_first_data_commit_is_the_only_one_that_changes_data(lake, daily):
    lake.arrive("a.csv", daily())
    logs = sorted((lake.folder / "bronze" / "sales" / "_delta_log").glob("*.json"))
    adds = [[line for line in log.read_text().splitlines() if json.loads(line).get("add", {}).get("dataChange")] for log in logs]
    assert [bool(found) for found in adds] == [False, True]
