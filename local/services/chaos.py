"""What Azure may do to its clients, made to happen: events twice, late, in another order; requests throttled. Read at every use."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from contracts.errors import FourPartError
from local.store import Store


class ShareError(FourPartError):
    """A share that is none."""


@dataclass(frozen=True, kw_only=True)
class Chaos:
    """Each event delivered twice; every delivery late by `delay_seconds`, and by up to `reorder_seconds` more at random.

    `throttle` is the share of requests that services refuse for now, 0 to 1.

    Raises:
        ShareError: when it is not.
    """

    duplicate: bool = False
    delay_seconds: float = 0.0
    reorder_seconds: float = 0.0
    throttle: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.throttle <= 1:
            happened = "This is no share of requests."
            raise ShareError(happened, given=str(self.throttle), allowed="0 to 1", remedy="Give 0.1 for one in ten, 0 for none.")


def declare(store: Store) -> None:
    """Create the table; every service does once."""
    store.declare("create table if not exists chaos(name text primary key, value real not null)")


def get_chaos(store: Store) -> Chaos:
    """The settings in force."""
    rows = {row["name"]: row["value"] for row in store.rows("select name, value from chaos")}
    return Chaos(duplicate=bool(rows.pop("duplicate", 0)), **rows)


def set_chaos(store: Store, chaos: Chaos) -> None:
    """Put settings in force for the events that are matched and the requests that come from now on."""
    declare(store)
    with store.transaction() as connection:
        values = [(name, float(value)) for name, value in asdict(chaos).items()]
        connection.executemany("insert or replace into chaos(name, value) values (?,?)", values)
