"""Why a job's task failed: rows of the table `silver/failures`, written by the task, read by `report-failure`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import FourPartError
from contracts.events import DataVersion
from data_ops.storage import Once, append_once, exists, locate, table

FAILURES = "silver/failures"
SCHEMA = pa.schema(
    [
        ("run_id", pa.string()),
        ("task", pa.string()),
        ("data_version", pa.string()),
        ("kind", pa.string()),
        ("happened", pa.string()),
        ("given", pa.string()),
        ("allowed", pa.string()),
        ("remedy", pa.string()),
        ("at", pa.timestamp("us", "UTC")),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One reason; `allowed` and `remedy` are empty for faults that are not the user's to put right."""

    run_id: str
    task: str
    data_version: str
    kind: str
    happened: str
    given: str
    allowed: str
    remedy: str

    @classmethod
    def of(cls, run_id: str, task: str, source: DataVersion, error: Exception) -> Failure:
        """The reason in an exception."""
        four = error if isinstance(error, FourPartError) else None
        return cls(
            run_id=run_id,
            task=task,
            data_version=str(source),
            kind=type(error).__name__,
            happened=four.happened if four else str(error),
            given=four.given if four else "",
            allowed=four.allowed if four else "",
            remedy=four.remedy if four else "",
        )


def record(failure: Failure) -> None:
    """Append a reason; the same reason of the same run is kept once, however often the task is tried."""
    told = asdict(failure)
    digest = hashlib.sha256("|".join(told.values()).encode()).hexdigest()[:16]
    once = Once(app_id=f"failure:{failure.run_id}:{digest}", version=1)
    row = pa.RecordBatch.from_pylist([{**told, "at": datetime.now(UTC)}], schema=SCHEMA)
    append_once(locate(FAILURES), lambda: pa.RecordBatchReader.from_batches(SCHEMA, [row]), once, metadata={})


def latest(run_id: str, data_version: str) -> Failure | None:
    """The last reason that a run left for a data version."""
    url = locate(FAILURES)
    if not exists(url):
        return None
    wanted = (pc.field("run_id") == run_id) & (pc.field("data_version") == data_version)
    found = table(url).to_pyarrow_dataset().to_table(filter=wanted).sort_by([("at", "descending")]).to_pylist()
    return _failure(found[0]) if found else None


def _failure(row: Mapping[str, str]) -> Failure:
    return Failure(**{name: row[name] for name in Failure.__dataclass_fields__})
