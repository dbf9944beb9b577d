"""A state directory of an older version is taken over, or refused before anything is written."""

import pytest

from local.store import StateOutdatedError, Store

OLD = "create table if not exists runs(id integer primary key, state text not null)"
NEW = """create table if not exists runs(
  id integer primary key,
  state text not null,
  tags text not null default '{}', -- JSON; of runs
  ended real
);
create index if not exists runs_ended on runs(ended)"""


def test_tables_of_an_older_version_get_the_columns_they_lack(tmp_path):
    old = Store(tmp_path / "cloud.db")
    old.declare(OLD)
    with old.transaction() as connection:
        connection.execute("insert into runs(id, state) values (1, 'done')")
    new = Store(tmp_path / "cloud.db")
    new.declare(NEW)
    new.declare(NEW)
    assert [tuple(row) for row in new.rows("select id, state, tags, ended from runs")] == [(1, "done", "{}", None)]


@pytest.mark.parametrize(
    "old",
    [
        "create table if not exists runs(id integer primary key)",
        "create table if not exists runs(id integer primary key, state text not null, parent text not null)",
    ],
    ids=["a column that can't be filled is missing", "a column that would have to be filled is there"],
)
def test_tables_that_no_column_mends_are_refused_and_left_alone(tmp_path, old):
    store = Store(tmp_path / "cloud.db")
    store.declare(old)
    with pytest.raises(StateOutdatedError, match="another version"):
        store.declare(NEW)
    assert len(store.rows("pragma table_info(runs)")) == len(old.split(","))
