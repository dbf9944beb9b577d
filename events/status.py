"""The handler's heartbeat: one JSON file in its state directory; `python -m events.status [DIRECTORY]` reads it.

Probes run it every few seconds, so it imports no client.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from events.inbox import Inbox
from events.routes import COMPLETED, FEATURES_REGISTERED, IMAGE_PUSHED

FILE = "status.json"
STALE_SECONDS = 15.0
_SHOWN = 20

_LATEST = "not exists (select 1 from inbox n where n.route = i.route and n.effect_key = i.effect_key and n.attempt > i.attempt)"


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What the inbox holds, counted by effect; an effect counts with its latest attempt.

    `duplicates` are deliveries beyond the first of an effect, `unrouted` are events that no route takes. `trainings` are
    the latest attempts that started a training run, the newest first: `ended` is empty while the run goes on. `releases`
    are those that started a release, whose runs tell how they ended; no event does.
    """

    ready: int
    done: int
    ignored: int
    dead: int
    failed: int
    duplicates: int
    unrouted: int
    unrouted_types: Mapping[str, int] = field(default_factory=dict)
    retrying: Sequence[Mapping[str, Any]] = ()
    ended_badly: Sequence[Mapping[str, Any]] = ()
    trainings: Sequence[Mapping[str, Any]] = ()
    releases: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, kw_only=True)
class Status:
    """One heartbeat: `lag` is records not taken from the hubs yet, None while the broker has not told.

    `assigned` and `expected` count partitions; fewer assigned than expected means that events wait unread.
    """

    pid: int
    handler: str
    time: float
    state: str
    lag: int | None
    assigned: Sequence[str]
    expected: int
    missing_hubs: Sequence[str]
    paused: bool
    bus_error: str
    counts: Counts

    @property
    def fresh(self) -> bool:
        """Whether the handler has shown itself lately."""
        return time.time() - self.time < STALE_SECONDS


def count(inbox: Inbox) -> Counts:
    """Count the inbox."""
    states = {row["state"]: row["n"] for row in inbox.rows(f"select state, count(*) n from inbox i where {_LATEST} group by 1")}  # noqa: S608
    deliveries = inbox.rows("select coalesce(sum(deliveries), 0) n from arrivals where route <> ''")[0]["n"]
    effects = inbox.rows("select count(*) n from inbox where attempt = 1")[0]["n"]
    unrouted = inbox.rows("select type, count(*) n from arrivals where route = '' group by 1 order by 1")
    failed = inbox.rows(f"select count(*) n from inbox i where failure <> '' and {_LATEST}")[0]["n"]  # noqa: S608
    return Counts(
        **{name: states.get(name, 0) for name in ("ready", "done", "ignored", "dead")},
        failed=failed,
        duplicates=deliveries - effects,
        unrouted=sum(row["n"] for row in unrouted),
        unrouted_types={row["type"]: row["n"] for row in unrouted},
        retrying=_shown(inbox, "state = 'ready' and error <> ''"),
        ended_badly=_shown(inbox, "(state = 'dead' or failure <> '')"),
        trainings=_trainings(inbox),
        releases=_releases(inbox),
    )


def _shown(inbox: Inbox, which: str) -> list[dict[str, Any]]:
    fields = "route, effect_key, attempt, tries, run_id, case failure when '' then error else failure end as error"
    query = f"select {fields} from inbox i where {which} and {_LATEST} order by seq desc limit {_SHOWN}"  # noqa: S608
    return [dict(row) for row in inbox.rows(query)]


def _trainings(inbox: Inbox) -> list[dict[str, Any]]:
    ended = "case when failure <> '' then failure when outcome = ? then outcome else '' end as ended"
    query = f"select effect_key, attempt, run_id, {ended} from inbox where route = ? and run_id <> '' order by seq desc limit ?"  # noqa: S608
    return [dict(row) for row in inbox.rows(query, COMPLETED, FEATURES_REGISTERED, _SHOWN)]


def _releases(inbox: Inbox) -> list[dict[str, Any]]:
    query = "select effect_key, attempt, run_id from inbox where route = ? and run_id <> '' order by seq desc limit ?"
    return [dict(row) for row in inbox.rows(query, IMAGE_PUSHED, _SHOWN)]


def write_status(state: Path, status: Status) -> None:
    """Replace the heartbeat file in one step."""
    draft = state / f".{FILE}.{os.getpid()}"
    draft.write_text(json.dumps(asdict(status), indent=2) + "\n")
    draft.replace(state / FILE)


def read_status(path: Path) -> Status | None:
    """The heartbeat in a state directory; None when there is none or it was written by another version."""
    try:
        body: dict[str, Any] = json.loads((path / FILE).read_text())
        counts = Counts(**body.pop("counts"))
        return Status(counts=counts, **body)
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the heartbeat of the named directory, else of HANDLER_STATE's; 0 when it is fresh, as a liveness probe asks."""
    given = sys.argv[1:] if arguments is None else arguments
    folder = given[0] if given else os.environ.get("HANDLER_STATE", "")
    status = read_status(Path(folder)) if len(given) <= 1 else None
    if status is None:
        sys.stderr.write(f"no heartbeat in {folder or 'no directory'}: python -m events.status [DIRECTORY], else HANDLER_STATE\n")
        return 1
    sys.stdout.write(json.dumps(asdict(status), indent=2) + "\n")
    return 0 if status.fresh else 1


if __name__ == "__main__":
    sys.exit(main())
