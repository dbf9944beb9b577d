"""What Event Grid delivered, read from its own store."""

from __future__ import annotations

from dataclasses import dataclass

from local.flow.scenarios.health import Mark
from local.services.cloud import Cloud


@dataclass(frozen=True, kw_only=True)
class Deliveries:
    """What Event Grid delivered since a point in time; `late` is seconds from an event to its last delivery, at most.

    `events` counts each event once for each subscription that wanted it. `overtook` counts deliveries of an event at which a
    later one of the same subscription had been delivered already; `again` attempts beyond the first of a delivery.
    """

    events: int
    total: int
    late: float
    overtook: int
    again: int

    @classmethod
    def since(cls, cloud: Cloud, mark: Mark) -> Deliveries:
        """Read the deliveries of all events after the mark."""
        rows = cloud.store.rows(
            "select d.event, d.subscription, d.attempts, d.last_attempt, e.raised from deliveries d join events e on e.seq = d.event "
            "where d.event > ? and d.state = 'delivered' order by d.last_attempt, d.id",
            mark.event,
        )
        newest: dict[str, int] = {}
        overtook = 0
        for row in rows:
            overtook += row["event"] < newest.get(row["subscription"], 0)
            newest[row["subscription"]] = max(row["event"], newest.get(row["subscription"], 0))
        return cls(
            events=len({(row["event"], row["subscription"]) for row in rows}),
            total=len(rows),
            late=max((row["last_attempt"] - row["raised"] for row in rows), default=0.0),
            overtook=overtook,
            again=sum(row["attempts"] - 1 for row in rows),
        )
