"""The routes: which events start what, under which effect key and in which lane (docs/contracts.md, 3 to 6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from contracts.events import AzureEvent, DataVersion, Event, Hub, OwnEvent
from events.commits import commit_of, read_commit
from events.envelope import trace
from events.errors import RefusedError

DATA_COMMITTED = "data-committed"
DATASET_FAILED = "dataset-failed"


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Work started earlier has failed in the target: the effect it was started for, its run if known, and why."""

    route: str
    effect_key: str
    run_id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an action ended: `state` is `done`, `ignored` or `dead`, `run_id` the run it started in the target."""

    state: str
    detail: str
    run_id: str = ""
    failure: Failure | None = None


@dataclass(frozen=True, kw_only=True)
class Work:
    """One effect to bring about: the event that asks for it, its key, and the token that makes repeats harmless."""

    event: Event
    effect_key: str
    token: str


@dataclass(frozen=True, kw_only=True)
class Route:
    """Events of some types on one hub, and the action they start.

    `effect_key` looks at the body alone; None means that the event is not for this route, `RefusedError` that it
    is forged or broken. `act` only starts work in the target; it raises `PoisonError` or `RetryableError`.
    """

    name: str
    hub: Hub
    types: frozenset[str]
    effect_key: Callable[[Event], str | None]
    lane: Callable[[Event], str]
    act: Callable[[Work], Outcome]


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


def routes(lake: Lake, preparer: Preparer) -> tuple[Route, ...]:
    """All routes of the platform; what they don't take is counted as unrouted."""
    return (_data_committed(lake, preparer), _dataset_failed())


def _data_committed(lake: Lake, preparer: Preparer) -> Route:
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
        return Outcome(state="done", detail="started", run_id=run_id)

    return Route(
        name=DATA_COMMITTED,
        hub=Hub.DATA_DELIVERY,
        types=frozenset({AzureEvent.BLOB_CREATED, AzureEvent.BLOB_RENAMED}),
        effect_key=effect_key,
        lane=lambda event: event.subject.rpartition("/_delta_log/")[0],
        act=act,
    )


def _dataset_failed() -> Route:
    def act(work: Work) -> Outcome:
        event = work.event
        run_id, reason = str(event.data.get("run_id", "")), str(event.data.get("happened", "")) or "no reason given"
        key = event.dataversion or event.subject
        failure = Failure(route=DATA_COMMITTED, effect_key=key, run_id=run_id, reason=reason[:500])
        return Outcome(state="done", detail="failure recorded", run_id=run_id, failure=failure)

    return Route(
        name=DATASET_FAILED,
        hub=Hub.DATASET_REGISTRY,
        types=frozenset({OwnEvent.DATASET_FAILED}),
        effect_key=lambda event: f"{event.source}|{event.id}",
        lane=lambda event: event.dataversion or event.subject,
        act=act,
    )


def route_of(table: Sequence[Route], hub: str, event: Event) -> tuple[Route, str] | None:
    """The route and the effect key of an event that came through a hub; None when nothing asks for it.

    Raises:
        RefusedError: when a route asks for this type, but not through this hub, or not this event.
    """
    for route in table:
        if event.type not in route.types:
            continue
        if hub != route.hub:
            msg = f"{event.type} came through hub {hub}, not {route.hub}"
            raise RefusedError(msg)
        key = route.effect_key(event)
        return None if key is None else (route, key)
    return None
