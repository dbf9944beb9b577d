"""Tables are made with plain features, and a transaction is committed at most once."""

import threading

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from data_ops.storage import (
    CHANGE_FEED,
    Once,
    PlaceUnknownError,
    SchemaRefusedError,
    TableMissingError,
    append_once,
    commit_info,
    commit_of,
    create,
    locate,
    overwrite_once,
    table,
)


def made(**columns):
    return lambda: pa.table(columns).to_reader()


def test_a_created_table_has_no_feature_that_other_readers_refuse(tmp_path):
    opened = create(str(tmp_path / "t"), pa.schema([("n", pa.int64()), ("at", pa.timestamp("us", "UTC"))]), CHANGE_FEED)
    protocol = opened.protocol()
    assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 4)
    assert not protocol.reader_features
    assert not protocol.writer_features
    wanted = {
        "delta.enableDeletionVectors": "false",
        "delta.checkpointPolicy": "classic",
        "delta.enableChangeDataFeed": "true",
    }
    assert opened.metadata().configuration == wanted


def test_creating_a_table_twice_opens_the_first(tmp_path):
    url = str(tmp_path / "t")
    append_once(url, made(n=[1]), Once(app_id="a", version=1), metadata={})
    assert create(url, pa.schema([("other", pa.string())])).version() == 1


def test_a_repeated_transaction_is_one_commit_and_is_found_again(tmp_path):
    url, once = str(tmp_path / "t"), Once(app_id="a", version=1)
    first = append_once(url, made(n=[1, 2]), once, metadata={"file": "x"})
    again = append_once(url, made(n=[1, 2]), once, metadata={"file": "x"})
    assert (first.version, first.already_there) == (1, False)
    assert (again.version, again.already_there, again.metadata["file"]) == (1, True, "x")
    assert table(url).to_pyarrow_table().num_rows == 2


def test_the_commit_of_an_older_version_is_told_while_newer_ones_stand(tmp_path):
    url = str(tmp_path / "t")
    for number in range(25):
        append_once(url, made(n=[number]), Once(app_id=f"a{number}", version=1), metadata={"note": f"n{number}"})
    first = commit_of(url, Once(app_id="a0", version=1))
    assert first is not None
    for number in (0, 3, 24):
        assert commit_info(url, first.version + number)["note"] == f"n{number}"
    with pytest.raises(TableMissingError):
        commit_info(url, first.version + 25)


def test_a_commit_between_opening_and_reading_shifts_no_version(tmp_path, monkeypatch):
    url = str(tmp_path / "t")
    ours = append_once(url, made(n=[1]), Once(app_id="ours", version=1), metadata={})
    read, others = DeltaTable.history, iter(["late"])

    def overtaken(opened, limit=None):
        for name in others:
            append_once(url, made(n=[2]), Once(app_id=name, version=1), metadata={})
        return read(opened, limit)

    monkeypatch.setattr(DeltaTable, "history", overtaken)
    found = commit_of(url, Once(app_id="ours", version=1))
    assert found is not None
    assert found.version == ours.version


def test_the_commit_of_a_transaction_is_found_behind_many_others(tmp_path):
    url = str(tmp_path / "t")
    for number in range(25):
        append_once(url, made(n=[number]), Once(app_id=f"a{number}", version=1), metadata={})
    found = commit_of(url, Once(app_id="a0", version=1))
    assert found is not None
    assert found.version == 1
    assert commit_of(url, Once(app_id="nobody", version=1)) is None


def test_writers_with_one_transaction_make_one_commit(tmp_path):
    url, once, gate = str(tmp_path / "t"), Once(app_id="a", version=1), threading.Barrier(6)
    results = []

    def write():
        gate.wait()
        results.append(append_once(url, made(n=[1]), once, metadata={}))

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert table(url).to_pyarrow_table().num_rows == 1
    assert [result.already_there for result in results].count(False) == 1
    assert {result.version for result in results} == {1}


def test_writers_with_different_transactions_all_get_through(tmp_path):
    url, gate = str(tmp_path / "t"), threading.Barrier(5)

    def write(number):
        gate.wait()
        append_once(url, made(n=[number]), Once(app_id=f"a{number}", version=1), metadata={})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(table(url).to_pyarrow_table()["n"].to_pylist()) == list(range(5))


def test_another_type_is_refused_where_delta_would_cast_silently(tmp_path):
    url = str(tmp_path / "t")
    append_once(url, made(n=["1"]), Once(app_id="a", version=1), metadata={})
    with pytest.raises(SchemaRefusedError, match=r"n: double \(the table has string\)"):
        append_once(url, made(n=[1.5]), Once(app_id="b", version=1), metadata={})
    assert table(url).version() == 1
    write_deltalake(url, pa.table({"n": [1.5]}), mode="append")  # the trap that the comparison is there for
    assert DeltaTable(url).version() == 2


def test_new_columns_are_added_and_missing_ones_are_null(tmp_path):
    url = str(tmp_path / "t")
    append_once(url, made(n=[1]), Once(app_id="a", version=1), metadata={})
    append_once(url, made(n=[2], price=[0.5]), Once(app_id="b", version=1), metadata={})
    append_once(url, made(n=[3]), Once(app_id="c", version=1), metadata={})
    rows = table(url).to_pyarrow_table().sort_by("n").to_pylist()
    assert rows == [{"n": 1, "price": None}, {"n": 2, "price": 0.5}, {"n": 3, "price": None}]


def test_an_overwrite_replaces_rows_and_columns_once(tmp_path):
    url = str(tmp_path / "t")
    overwrite_once(url, made(a=[1, 2]), Once(app_id="p", version=3), metadata={})
    overwrite_once(url, made(b=["x"]), Once(app_id="p", version=4), metadata={})
    assert table(url).to_pyarrow_table().to_pylist() == [{"b": "x"}]
    late = overwrite_once(url, made(a=[9]), Once(app_id="p", version=3), metadata={})
    assert late.already_there
    assert table(url).to_pyarrow_table().to_pylist() == [{"b": "x"}]


def test_an_overwrite_with_no_rows_is_a_commit(tmp_path):
    url = str(tmp_path / "t")
    empty = pa.schema([("n", pa.int64())]).empty_table()
    done = overwrite_once(url, empty.to_reader, Once(app_id="p", version=1), metadata={"why": "none"})
    assert (done.version, done.metadata["why"]) == (1, "none")
    assert table(url).to_pyarrow_table().num_rows == 0


def test_a_missing_table_or_version_is_told_in_four_parts(tmp_path):
    with pytest.raises(TableMissingError, match="ingest"):
        table(str(tmp_path / "none"))
    append_once(str(tmp_path / "t"), made(n=[1]), Once(app_id="a", version=1), metadata={})
    with pytest.raises(TableMissingError, match="t@9"):
        table(str(tmp_path / "t"), 9)


@pytest.mark.parametrize("name", ["bronze/", "bronze", "gold/sales"])
def test_a_place_that_the_environment_does_not_name_is_refused(name, monkeypatch):
    monkeypatch.setenv("BRONZE_URL", "abfss://bronze@lake.dfs.core.windows.net/")
    assert locate("bronze/sales") == "abfss://bronze@lake.dfs.core.windows.net/sales"
    with pytest.raises(PlaceUnknownError, match="_URL"):
        locate(name)
