"""The one door to Delta tables: open, create, and commit at most once per transaction.

Places are `abfss://` roots from the environment (`BRONZE_URL`, `SILVER_URL`); plain paths work too. Credentials come
from the environment alone, so no storage option appears anywhere.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError, SchemaMismatchError, TableNotFoundError

from contracts.errors import FourPartError
from contracts.events import DataVersion
from data_ops.access import permitted

PROPERTIES: Mapping[str, str] = {
    "delta.enableDeletionVectors": "false",
    "delta.checkpointPolicy": "classic",
}
"""Features that Databricks may turn on by default and that other readers refuse.

Row tracking and in-commit timestamps belong here too, but delta-rs 1.6 refuses these two properties by name, even as
`false`; it never turns them on, and a test asserts the protocol of what is created.
"""

CHANGE_FEED: Mapping[str, str] = {"delta.enableChangeDataFeed": "true"}

RECENT = 20
"""Commits among which one is looked for before all are read."""

RACES = 20
"""Lost races after which a commit gives up; each means that another writer has committed."""

type Rows = Callable[[], pa.RecordBatchReader]
"""Makes the rows anew for each try, since a reader can be read once."""


class TableMissingError(FourPartError):
    """A table, or a version of it, that is not in the lake."""


class PlaceUnknownError(FourPartError):
    """The environment does not say where a container is."""


class SchemaRefusedError(FourPartError):
    """Rows whose columns are not those of the table; Delta would cast some of them silently."""


class RaceLostError(FourPartError):
    """Other writers committed first, every time."""


@dataclass(frozen=True, kw_only=True)
class Once:
    """The transaction of a commit: of one `app_id`, each `version` is committed at most once, in rising order."""

    app_id: str
    version: int


@dataclass(frozen=True, kw_only=True)
class Commit:
    """Where a transaction stands in a table's history; `already_there` when an earlier call made the commit."""

    version: int
    already_there: bool
    metadata: Mapping[str, str]


def locate(name: str) -> str:
    """The URL of a table named `container/table`.

    Raises:
        PlaceUnknownError: when the container's root is not in the environment.
    """
    container, _, path = name.partition("/")
    variable = f"{container.upper()}_URL"
    root = os.environ.get(variable, "")
    if root and path:
        return f"{root.rstrip('/')}/{path}"
    raise PlaceUnknownError(
        "The environment does not say where this table is.",
        given=f"table {name!r}, {variable}={root!r}",
        allowed="container/table, with the container's abfss:// root in <CONTAINER>_URL",
        remedy=f"Set {variable} from the outputs of the platform stack.",
    )


@permitted
def exists(url: str) -> bool:
    """Whether a Delta table stands at the URL."""
    return DeltaTable.is_deltatable(url)


@permitted
def table(url: str, version: int | None = None) -> DeltaTable:
    """Open a table, at its newest version or at the one given.

    Raises:
        TableMissingError: when there is no such table or version.
    """
    try:
        return DeltaTable(url, version=version)
    except (TableNotFoundError, DeltaError) as error:
        if exists(url) and version is None:
            raise
        raise _missing(url, version) from error


def _missing(url: str, version: int | None) -> TableMissingError:
    return TableMissingError(
        "There is no such table or version in the lake.",
        given=str(DataVersion(table=url, version=version)) if version is not None else url,
        allowed="a Delta table that has been written to",
        remedy="Check the URL and the version; the first `data-ops ingest` creates the bronze table.",
    )


def rows(opened: DeltaTable) -> pa.RecordBatchReader:
    """All rows of an opened table as a stream."""
    reader: pa.RecordBatchReader = opened.to_pyarrow_dataset().scanner().to_reader()
    return reader


@permitted
def commit_info(url: str, version: int) -> Mapping[str, Any]:
    """What the commit of a version says of itself.

    Raises:
        TableMissingError: when there is no such table or version, or its commit has left the log.
    """
    newest = table(url).version()
    limits = (newest - version + 1, None) if version <= newest else ()
    for limit in limits:
        for entry in _history(url, limit):
            if entry["version"] == version:
                return entry
    raise _missing(url, version)


def _history(url: str, limit: int | None) -> list[dict[str, Any]]:
    """Commits, the newest first, each with its version.

    delta-rs lists the log as it stands and counts versions down from the one that was opened; a commit that came in between
    would shift them all, so the log is read again until none did.
    """
    while True:
        opened = DeltaTable(url)
        found = opened.history(limit)
        if DeltaTable(url).version() == opened.version():
            return found


@permitted
def create(url: str, schema: pa.Schema, properties: Mapping[str, str] = {}) -> DeltaTable:
    """Create an empty table with the explicit property list, or open the one that stands there."""
    try:
        return DeltaTable.create(
            url,
            schema=schema,
            mode="ignore",
            configuration={**PROPERTIES, **properties},
            # With retries the loser of a race would commit a second creation as version 1.
            commit_properties=CommitProperties(max_commit_retries=0),
        )
    except (CommitFailedError, DeltaError):
        # Two creators: put-if-absent of version 0 let one through, and its table is as good.
        if not exists(url):
            raise
        return DeltaTable(url)


@permitted
def append_once(
    url: str,
    data: Rows,
    once: Once,
    *,
    metadata: Mapping[str, str],
    properties: Mapping[str, str] = {},
) -> Commit:
    """Append rows in one commit that carries the transaction, unless it was made before.

    New columns are added to the table; a column of another type is refused.

    Raises:
        SchemaRefusedError: when a column's type is not that of the table.
        RaceLostError: when other writers were first `RACES` times.
    """
    return _commit(url, data, once, mode="append", metadata=metadata, properties=properties)


@permitted
def overwrite_once(url: str, data: Rows, once: Once, *, metadata: Mapping[str, str]) -> Commit:
    """Replace a table's rows and schema in one commit, unless this or a later transaction of the app id was made before.

    Raises:
        RaceLostError: when other writers were first `RACES` times.
    """
    return _commit(url, data, once, mode="overwrite", metadata=metadata, properties={})


@permitted
def commit_of(url: str, once: Once) -> Commit | None:
    """The commit that carries this transaction, or None; the commit's own metadata names it."""
    if not exists(url):
        return None
    wanted = _stamp(once)
    for limit in (RECENT, None):
        for entry in _history(url, limit):
            if all(entry.get(name) == value for name, value in wanted.items()):
                return Commit(version=int(entry["version"]), already_there=True, metadata=entry)
    return None


def _commit(
    url: str,
    data: Rows,
    once: Once,
    *,
    mode: Literal["append", "overwrite"],
    metadata: Mapping[str, str],
    properties: Mapping[str, str],
) -> Commit:
    create(url, data().schema, properties)
    for _ in range(RACES):
        opened = DeltaTable(url)
        done = opened.transaction_version(once.app_id)
        if done is not None and done >= once.version:
            return _made_before(url, once, done)
        reader = data()
        try:
            write_deltalake(
                opened,
                reader,
                mode=mode,
                schema_mode="overwrite" if mode == "overwrite" else _fitting(opened, reader.schema),
                commit_properties=_properties(once, metadata),
            )
        except CommitFailedError:
            continue
        except SchemaMismatchError as error:
            raise _schema_refused(url, str(error)) from error
        return _made_now(url, once)
    raise RaceLostError(
        "Other writers committed to the table first, every time.",
        given=f"{url}, {RACES} tries",
        allowed="a commit that no other writer's commit conflicts with",
        remedy="Run the same command again; it commits at most once.",
    )


def _properties(once: Once, metadata: Mapping[str, str]) -> CommitProperties:
    return CommitProperties(
        custom_metadata={**metadata, **_stamp(once)},
        app_transactions=[Transaction(once.app_id, once.version)],
    )


def _stamp(once: Once) -> dict[str, str]:
    return {"txnAppId": once.app_id, "txnVersion": str(once.version)}


def _made_now(url: str, once: Once) -> Commit:
    found = commit_of(url, once)
    if found is None:
        raise TableMissingError(
            "A commit that was just made is not in the table's history.",
            given=f"{url}, {once.app_id}@{once.version}",
            allowed="a history that holds every commit",
            remedy="See whether someone replaced the table while it was written to.",
        )
    return Commit(version=found.version, already_there=False, metadata=found.metadata)


def _made_before(url: str, once: Once, done: int) -> Commit:
    """The commit of the transaction, or of the later one that has overtaken it."""
    found = commit_of(url, once) or commit_of(url, Once(app_id=once.app_id, version=done))
    if found is not None:
        return found
    # History is cleaned after the log's retention time; the transaction itself is kept.
    return Commit(version=DeltaTable(url).version(), already_there=True, metadata={})


def _fitting(opened: DeltaTable, arriving: pa.Schema) -> Literal["merge"] | None:
    """`merge` when the rows bring new columns or lack some; delta-rs casts on append, so types are compared here."""
    standing = {field.name: _plain(field.type) for field in pa.schema(opened.schema())}
    wrong = [
        f"{field.name}: {field.type} (the table has {standing[field.name]})"
        for field in arriving
        if field.name in standing and _plain(field.type) != standing[field.name]
    ]
    # Engines take two names that differ in case alone for one.
    folded = {name.casefold(): name for name in standing}
    new = [name for name in arriving.names if name not in standing]
    wrong += [f"{name} (the table has {folded[name.casefold()]})" for name in new if name.casefold() in folded]
    if wrong:
        raise _schema_refused(opened.table_uri, ", ".join(wrong))
    return "merge" if set(arriving.names) != set(standing) else None


def _plain(kind: pa.DataType) -> pa.DataType:
    textual: Any = pa.types
    return pa.string() if textual.is_large_string(kind) or textual.is_string_view(kind) else kind


def _schema_refused(url: str, given: str) -> SchemaRefusedError:
    return SchemaRefusedError(
        "The rows do not have the column types of the table.",
        given=given,
        allowed=f"the types of {url}; new columns may be added",
        remedy="Bring the column to the table's type in the file, or give it another name in the file.",
    )
