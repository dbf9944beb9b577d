"""What Event Grid may do to its deliveries, made to happen: duplicates, delays, another order. Read at every match."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from local.services.eventgrid.models import declare
from local.store import Store


@dataclass(frozen=True, kw_only=True)
class Chaos:
    """Each event delivered twice; every delivery late by `delay_seconds`, and by up to `reorder_seconds` more at random."""

    duplicate: bool = False
    delay_seconds: float = 0.0
    reorder_seconds: float = 0.0


def get_chaos(store: Store) -> Chaos:
    """The settings in force."""
    rows = {row["name"]: row["value"] for row in store.rows("select name, value from eventgrid_chaos")}
    return Chaos(
        duplicate=bool(rows.get("duplicate", 0)),
        delay_seconds=rows.get("delay_seconds", 0.0),
        reorder_seconds=rows.get("reorder_seconds", 0.0),
    )


def set_chaos(store: Store, chaos: Chaos) -> None:
    """Put settings in force for the events that are matched from now on."""
    declare(store)
    with store.transaction() as connection:
        values = [(name, float(value)) for name, value in asdict(chaos).items()]
        connection.executemany("insert or replace into eventgrid_chaos(name, value) values (?,?)", values)
