"""What a route is: which events start what, under which effect key and in which lane (docs/contracts.md, 3 to 6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contracts.events import Event, Hub
from events.errors import RefusedError

DATA_COMMITTED, DATASET_FAILED = "data-committed", "dataset-failed"
FEATURES_REGISTERED, TRAINING_COMPLETED, TRAINING_FAILED = "features-registered", "training-completed", "training-failed"
IMAGE_PUSHED = "image-pushed"
STARTED, COMPLETED = "started", "completed"
"""What an outcome says of work: that it was started, and then that it did what it should."""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """Work that a route started has ended in the target, as run `run_id`; without a `failure` it did what it should.

    The run's id tells which attempt it was, or, where the target does not say it, the latest of `effect_key`. When a
    failed attempt is the latest and its number is below `attempts`, the effect gets the next one.
    """

    route: str
    run_id: str
    effect_key: str = ""
    failure: str = ""
    attempts: int = 1


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How an action ended: `state` is `done`, `ignored` or `dead`, `run_id` the run it started in the target."""

    state: str
    detail: str
    run_id: str = ""
    ending: Ending | None = None


@dataclass(frozen=True, kw_only=True)
class Work:
    """One effect to bring about: the event that asks for it, its key, and the token that makes repeats harmless."""

    event: Event
    effect_key: str
    attempt: int
    token: str


@dataclass(frozen=True, kw_only=True)
class Route:
    """Events of some types on one hub, and the action they start.

    `effect_key` looks at the body alone; None means that the event is not for this route, `RefusedError` that it
    is forged or broken. `act` only starts work in the target; it raises `PoisonError` or `RetryableError`.
    With `newest_only`, whose keys are `table@version`, an older version is ignored once a newer one of its lane is here.
    """

    name: str
    hub: Hub
    types: frozenset[str]
    effect_key: Callable[[Event], str | None]
    lane: Callable[[Event], str]
    act: Callable[[Work], Outcome]
    newest_only: bool = False


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
