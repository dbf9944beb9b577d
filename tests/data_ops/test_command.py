"""`data-ops` as a person runs it: JSON on success, four parts and exit code 2 on a refusal, no traceback."""

import json
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

ROWS = "date,store,item,sales\n2024-01-01,1,1,5\n2024-01-02,1,1,6\n"


@pytest.fixture
def command(tmp_path):
    (tmp_path / "bronze").mkdir()

    def run(*arguments):
        environment = {"BRONZE_URL": str(tmp_path / "bronze"), "PATH": "", "HOME": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-m", "data_ops.cli", *map(str, arguments)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done

    return run


def refused(done) -> str:
    assert done.returncode == 2
    assert done.stdout == ""
    parts = [line.split(":")[0].strip() for line in done.stderr.splitlines()[1:]]
    assert [part for part in parts if part in {"given", "allowed", "do"}] == ["given", "allowed", "do"]
    return done.stderr


def test_ingests_a_file_and_says_where_it_is(command, tmp_path):
    (tmp_path / "a.csv").write_text(ROWS)
    first = json.loads(command("ingest", tmp_path / "a.csv").stdout)
    again = json.loads(command("ingest", tmp_path / "a.csv").stdout)
    assert (first["table"], first["rows"], first["already_there"]) == ("bronze/sales", 2, False)
    assert (again["version"], again["already_there"]) == (first["version"], True)


def test_maps_columns_of_other_names(command, tmp_path):
    (tmp_path / "a.csv").write_text(ROWS.replace("date,store", "day,shop"))
    assert "--columns" in refused(command("ingest", tmp_path / "a.csv"))
    done = command("ingest", tmp_path / "a.csv", "--columns", "date=day,store=shop")
    assert json.loads(done.stdout)["rows"] == 2


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("missing.csv", None, "can't be read"),
        ("empty.csv", "", "can't be read"),
        ("header.csv", "date,store,item,sales\n", "no rows"),
        ("other.csv", "a,b\n1,2\n", "without date, store, item, sales"),
        ("text.parquet", "this is no parquet", "can't be read"),
    ],
)
def test_refuses_a_file_that_holds_no_sales_and_writes_nothing(command, tmp_path, name, content, told):
    if content is not None:
        (tmp_path / name).write_text(content)
    assert told in refused(command("ingest", tmp_path / name))
    assert list((tmp_path / "bronze").iterdir()) == []


def test_generates_a_panel_of_the_asked_size_in_both_formats(command, tmp_path):
    for name in ("p.parquet", "p.csv"):
        done = command(
            "generate", tmp_path / name, "--stores", 2, "--items", 3, "--days", 10, "--truth", tmp_path / "truth.parquet"
        )
        assert json.loads(done.stdout)["rows"] == 60
    assert pq.read_table(tmp_path / "p.parquet").num_rows == 60
    assert len((tmp_path / "p.csv").read_text().splitlines()) == 61
    assert pq.read_table(tmp_path / "truth.parquet").num_rows == 60


def test_orange_juice_without_debians_tools_says_what_it_needs(command, tmp_path):
    told = refused(command("orange-juice", tmp_path / "oj.parquet", "--cache", tmp_path))
    assert "apt-get" in told
    assert not (tmp_path / "oj.parquet").exists()


def test_outputs_that_are_no_stack_outputs_are_refused(command, tmp_path):
    (tmp_path / "outputs.json").write_text("{}")
    assert "lacks outputs" in refused(command("publish", tmp_path / "outputs.json"))
    (tmp_path / "outputs.json").write_text("no json")
    assert "can't be read" in refused(command("publish", tmp_path / "outputs.json"))
