"""Routes of the lake: a commit in bronze starts its preparation, and a preparation that failed is noted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from contracts.events import AzureEvent, DataVersion, Event, Hub, OwnEvent
from events.commits import commit_of, read_commit
from events.envelope import trace
from events.errors import RefusedError
from events.routes import DATA_COMMITTED, DATASET_FAILED, STARTED, Ending, Outcome, Route, Work


class Preparer(Protocol):
    """What starts the preparation of a data version; `events.targets.databricks.Databricks` is one."""

    def prepare(self, version: DataVersion, token: str, cause: dict[str, str]) -> str:
        """Start the job once per token and return the id of its run."""
        ...


@dataclass(frozen=True, kw_only=True)
class Lake:
    """The lake whose events are believed: URL of its bronze container and, if known, the account's ARM id."""

    bronze_url: str
    arm_id: str = ""

    @property
    def account(self) -> str:
        """The account's name, from `abfss://bronze@NAME.dfs.core.windows.net`."""
        return self.bronze_url.partition("@")[2].partition(".")[0]

    def check_source(self, source: str) -> None:
        """Compare a storage event's source with this account, without case, as ARM does.

        Raises:
            RefusedError: when the event is about another account.
        """
        wanted = self.arm_id or f"/providers/Microsoft.Storage/storageAccounts/{self.account}"
        given = source.rstrip("/").lower()
        if given == wanted.lower() or (not self.arm_id and given.endswith(wanted.lower())):
            return
        msg = "the source is not the lake of this platform"
        raise RefusedError(msg)


def data_committed(lake: Lake, preparer: Preparer) -> Route:
    """A commit that changes data starts the preparation of its version."""

    def effect_key(event: Event) -> str | None:
        lake.check_source(event.source)
        version = commit_of(event.subject)
        return None if version is None else str(version)

    def act(work: Work) -> Outcome:
        version = DataVersion.parse(work.effect_key)
        commit = read_commit(lake.bronze_url, version)
        if not commit.changes_data:
            return Outcome(state="ignored", detail="no data change")
        cause = trace(work.event)
        run_id = preparer.prepare(version, work.token, {**cause, "traceparent": cause["traceparent"] or commit.traceparent})
        return Outcome(state="done", detail=STARTED, run_id=run_id)

    return Route(
        name=DATA_COMMITTED,
        hub=Hub.DATA_DELIVERY,
        types=frozenset({AzureEvent.BLOB_CREATED, AzureEvent.BLOB_RENAMED}),
        effect_key=effect_key,
        lane=lambda event: event.subject.rpartition("/_delta_log/")[0],
        act=act,
    )


def dataset_failed() -> Route:
    """The failure that a preparation told of is noted at its commit."""

    def act(work: Work) -> Outcome:
        event = work.event
        run_id, reason = str(event.data.get("run_id", "")), str(event.data.get("happened", "")) or "no reason given"
        key = event.dataversion or event.subject
        ending = Ending(route=DATA_COMMITTED, effect_key=key, run_id=run_id, failure=reason[:500])
        return Outcome(state="done", detail="failure recorded", run_id=run_id, ending=ending)

    return Route(
        name=DATASET_FAILED,
        hub=Hub.DATASET_REGISTRY,
        types=frozenset({OwnEvent.DATASET_FAILED}),
        effect_key=lambda event: f"{event.source}|{event.id}",
        lane=lambda event: event.dataversion or event.subject,
        act=act,
    )
