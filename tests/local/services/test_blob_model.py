"""Blobs without the wire: listing, conditions and block lists against independent readings of Azure's rules."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from local.services.blob import listing
from local.services.blob.batch import parse as parse_batch
from local.services.blob.blocks import Listed, checked_id, chosen, parse as parse_blocks
from local.services.blob.conditions import Conditions, Version
from local.services.blob.content import Content, ContentFolder, Part
from local.services.blob.errors import BlobError
from local.services.blob.models import Attributes, Blobs
from local.services.blob.place import Place
from local.services.blob.storage_events import Call
from local.store import Store

NAMES = st.lists(st.text(alphabet="ab/é0", min_size=1, max_size=6), unique=True, max_size=25)
CALL = Call(request_id="r", client_request_id="c")
NOTHING = Attributes(headers={}, metadata={})
MOMENT = dt.datetime(2026, 5, 4, 12, 0, 0, 999, tzinfo=dt.UTC)
NOW = Version(etag='"0x8D1"', modified=MOMENT)


def at(name: str = "") -> Place:
    return Place(account="lake", account_id="/accounts/lake", container="bronze", name=name)


def filled(folder: Path, names: list[str]) -> Store:
    store = Store(folder / "cloud.db")
    blobs = Blobs(store, ContentFolder(folder / "blobs"))
    for name in names:
        blobs.put(at(name), Content(name="file", size=0), NOTHING, Conditions(), CALL)
    return store


def pages(store: Store, **asked: Any) -> list[str]:
    found: list[str] = []
    marker = ""
    while True:
        entries, marker = listing.page(store, at(), listing.Query(marker=marker, **asked))
        assert 0 < len(entries) <= asked["most"] or not marker
        found += [entry.name for entry in entries]
        if not marker:
            return found


@settings(max_examples=60, deadline=None)
@given(
    names=NAMES,
    prefix=st.sampled_from(["", "a", "a/", "b/a", "é"]),
    delimiter=st.sampled_from(["", "/"]),
    start=st.sampled_from(["", "a", "a/b", "b"]),
    most=st.integers(1, 4),
)
def test_pages_hold_every_name_once_in_order(names: list[str], prefix: str, delimiter: str, start: str, most: int) -> None:
    expected = set()
    for name in names:
        if name.startswith(prefix) and name >= start:
            rest = name[len(prefix) :]
            expected.add(prefix + rest[: rest.index("/") + 1] if delimiter and "/" in rest else name)
    with tempfile.TemporaryDirectory() as folder:
        found = pages(filled(Path(folder), names), prefix=prefix, delimiter=delimiter, start=start, most=most)
    assert found == sorted(expected, key=str.encode)


@pytest.mark.parametrize(
    ("headers", "present", "refusal"),
    [
        ({}, True, ""),
        ({"if-none-match": "*"}, False, ""),
        ({"if-none-match": "*"}, True, "409 BlobAlreadyExists"),
        ({"if-none-match": '"0x8D1"'}, True, "412 ConditionNotMet"),
        ({"if-none-match": '"other"'}, True, ""),
        ({"if-match": '"0x8D1"'}, True, ""),
        ({"if-match": "*"}, True, ""),
        ({"if-match": '"other"'}, True, "412 ConditionNotMet"),
        ({"if-match": "*"}, False, "412 ConditionNotMet"),
        ({"if-modified-since": "Mon, 04 May 2026 11:59:59 GMT"}, True, ""),
        ({"if-modified-since": "Mon, 04 May 2026 12:00:00 GMT"}, True, "412 ConditionNotMet"),
        ({"if-unmodified-since": "Mon, 04 May 2026 12:00:00 GMT"}, True, ""),
        ({"if-unmodified-since": "Mon, 04 May 2026 11:59:59 GMT"}, True, "412 ConditionNotMet"),
    ],
)
def test_a_write_is_refused_by_the_condition_that_does_not_hold(headers: dict[str, str], present: bool, refusal: str) -> None:  # noqa: FBT001 - a table of cases
    conditions = Conditions.of(headers)
    if not refusal:
        conditions.check_write(NOW if present else None)
        return
    with pytest.raises(BlobError, match=refusal):
        conditions.check_write(NOW if present else None)


@pytest.mark.parametrize(
    ("headers", "refusal"),
    [
        ({"if-none-match": '"0x8D1"'}, "304 ConditionNotMet"),
        ({"if-modified-since": "Mon, 04 May 2026 12:00:00 GMT"}, "304 ConditionNotMet"),
        ({"if-match": '"other"'}, "412 ConditionNotMet"),
        ({"if-unmodified-since": "Mon, 04 May 2026 11:00:00 GMT"}, "412 ConditionNotMet"),
        ({"if-modified-since": "yesterday"}, "400 InvalidHeaderValue"),
    ],
)
def test_a_read_is_refused_by_the_condition_that_does_not_hold(headers: dict[str, str], refusal: str) -> None:
    with pytest.raises(BlobError, match=refusal):
        Conditions.of(headers).check_read(NOW)


def test_a_block_list_takes_each_entry_from_where_it_says() -> None:
    staged, committed = {"x": Part(name="new", first=0, size=1)}, {"x": Part(name="old", first=0, size=2)}
    body = b"<?xml version='1.0'?><BlockList><Latest>x</Latest><Committed>x</Committed><Uncommitted>x</Uncommitted></BlockList>"
    assert [part.name for part in chosen(parse_blocks(body), staged, committed)] == ["new", "old", "new"]
    with pytest.raises(BlobError, match="InvalidBlockList"):
        chosen([Listed(id="x", kind="Committed")], staged, {})


@pytest.mark.parametrize("body", [b"", b"<a/>", b"<BlockList><Other>x</Other></BlockList>", b"<!DOCTYPE a><BlockList/>"])
def test_refuses_what_is_no_block_list(body: bytes) -> None:
    with pytest.raises(BlobError, match="InvalidXmlDocument"):
        parse_blocks(body)


@pytest.mark.parametrize("block", ["", "not base64!", "A" * 92])
def test_refuses_what_is_no_block_id(block: str) -> None:
    with pytest.raises(BlobError, match="InvalidBlockId"):
        checked_id(block)


@pytest.mark.parametrize("boundary", ["plain", "with=equals_-", "batch_AA=="])
def test_reads_a_batch_whatever_its_boundary(boundary: str) -> None:
    part = (
        "Content-Type: application/http\r\nContent-ID: 0\r\n\r\nDELETE /lake/bronze/a%20b HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
    )
    body = f"--{boundary}\r\n{part}\r\n--{boundary}\r\n{part}\r\n--{boundary}--\r\n".encode()
    assert parse_batch(f"multipart/mixed; boundary={boundary}", body) == ["/lake/bronze/a b"] * 2


@pytest.mark.parametrize("line", ["PUT /lake/bronze/a HTTP/1.1", "nonsense"])
def test_refuses_other_operations_in_a_batch(line: str) -> None:
    body = f"--b\r\nContent-Type: application/http\r\n\r\n{line}\r\n\r\n--b--\r\n".encode()
    with pytest.raises(BlobError, match="Not emulated in a batch"):
        parse_batch("multipart/mixed; boundary=b", body)
