"""Which subjects name a commit of bronze, and what is read from it."""

import re

import pytest
from hypothesis import given, strategies as st

from contracts.events import DataVersion
from events.commits import commit_of, read_commit
from events.errors import RefusedError, RetryableError

PREFIX = "/blobServices/default/containers/bronze/blobs/"
NAME = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,12}", fullmatch=True)
VERSION = st.integers(0, 10**19)


@given(st.lists(NAME, min_size=1, max_size=3), VERSION)
def test_a_commit_of_any_well_named_table_is_its_data_version(names, version):
    table = "/".join(names)
    found = commit_of(f"{PREFIX}{table}/_delta_log/{version:020d}.json")
    assert found == DataVersion(table=f"bronze/{table}", version=version)


@given(st.text(max_size=40), st.sampled_from([PREFIX, "", "/blobServices/default/containers/silver/blobs/"]))
def test_any_text_is_refused_or_no_commit_or_names_a_path_that_is_safe(text, prefix):
    for subject in (prefix + text, f"{prefix}{text}/_delta_log/{0:020d}.json"):
        try:
            found = commit_of(subject)
        except RefusedError:
            continue
        assert found is None or re.fullmatch(r"bronze(/[A-Za-z0-9_-]+)+", found.table)


COMMIT = f"_delta_log/{0:020d}.json"


@pytest.mark.parametrize(
    "subject",
    [
        f"{PREFIX}../silver/sales/{COMMIT}",
        f"{PREFIX}sales/../../silver/{COMMIT}",
        f"{PREFIX}./sales/{COMMIT}",
        f"{PREFIX}%2e%2e/silver/{COMMIT}",
        f"{PREFIX}..%2fsilver/{COMMIT}",
        f"{PREFIX}sales\\..\\silver/{COMMIT}",
        f"{PREFIX}sales//{COMMIT}",
        f"{PREFIX}/sales/{COMMIT}",
        f"{PREFIX}sales\x00/{COMMIT}",
        f"{PREFIX}sales/{COMMIT}\n",
        f"{PREFIX}\uff0e\uff0e/sales/{COMMIT}",
        f"{PREFIX}sal\u0117s/{COMMIT}",
        f"{PREFIX}sales.v2/{COMMIT}",
        f"{PREFIX}sales/{COMMIT}?comp=list",
        f"/blobServices/default/containers/silver/blobs/sales/{COMMIT}",
        f"/blobServices/default/containers/bronze-copy/blobs/sales/{COMMIT}",
        f"x{PREFIX}sales/{COMMIT}",
        PREFIX + COMMIT,
        "",
    ],
)
def test_refuses_a_subject_that_leaves_the_container_or_can_be_read_in_two_ways(subject):
    with pytest.raises(RefusedError):
        commit_of(subject)


@pytest.mark.parametrize(
    "path",
    [
        "sales/part-0000.snappy.parquet",
        "sales/_delta_log/_last_checkpoint",
        f"sales/_delta_log/{10:020d}.checkpoint.parquet",
        "sales/_delta_log/_commit_0f8f.json.tmp",
        "sales/_delta_log/1.json",
    ],
)
def test_other_files_of_the_container_are_no_commits(path):
    assert commit_of(PREFIX + path) is None


SALES = DataVersion(table="bronze/sales", version=4)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("content", "changes"),
    [
        (b'{"commitInfo":{}}\n{"add":{"dataChange":true}}\n', True),
        (b'{"remove":{"dataChange":true}}', True),
        (b'{"add":{"dataChange":false}}\n{"remove":{"dataChange":false}}\n', False),
        (b'{"commitInfo":{"operation":"WRITE"}}\n', False),
        (b'{"metaData":{"configuration":{"dataChange":"true"}}}\n{"add":{"dataChange":"true"}}\n', False),
    ],
)
def test_only_a_file_added_or_removed_as_a_data_change_is_an_arrival(azure, content, changes):
    azure.commit("sales", 4, content)
    assert read_commit(azure.environment["BRONZE_URL"], SALES).changes_data is changes


def test_the_writers_trace_is_read_from_the_commit_if_it_is_one(azure):
    azure.commit("sales", 4, b'{"commitInfo":{"traceparent":"%s"}}\n{"add":{"dataChange":true}}\n' % TRACE.encode())
    assert read_commit(azure.environment["BRONZE_URL"], SALES).traceparent == TRACE
    azure.commit("sales", 4, b'{"commitInfo":{"traceparent":"x\\ny"}}\n{"add":{"dataChange":true}}\n')
    assert read_commit(azure.environment["BRONZE_URL"], SALES).traceparent == ""


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "still empty"), (b'{"add":', "not whole"), (b"[]\n", "not whole"), (None, "can't be read")]
)
def test_a_commit_that_is_not_there_or_not_whole_is_tried_again(azure, content, reason):
    if content is not None:
        azure.commit("sales", 4, content)
    with pytest.raises(RetryableError, match=reason):
        read_commit(azure.environment["BRONZE_URL"], SALES)
