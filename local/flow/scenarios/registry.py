"""The scenarios of `make demo`, in the order in which to watch them; the README and the Makefile name the same ones."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.errors import FourPartError
from local.flow.scenarios.bad_data import BAD_DATA
from local.flow.scenarios.crash import CRASH
from local.flow.scenarios.duplicate_events import DUPLICATE_EVENTS
from local.flow.scenarios.new_data import NEW_DATA
from local.flow.scenarios.scenario import Scenario
from local.flow.scenarios.worse_model import WORSE_MODEL

SCENARIOS: Mapping[str, Scenario] = {one.name: one for one in (NEW_DATA, BAD_DATA, WORSE_MODEL, DUPLICATE_EVENTS, CRASH)}


class ScenarioUnknownError(FourPartError):
    """No demonstration of this name."""


def find(name: str) -> Scenario:
    """The scenario of this name.

    Raises:
        ScenarioUnknownError: when there is none.
    """
    if name in SCENARIOS:
        return SCENARIOS[name]
    raise ScenarioUnknownError(
        "There is no such demonstration.",
        given=name or "nothing",
        allowed=", ".join(SCENARIOS),
        remedy="make demo SCENARIO=new-data",
    )


def after(name: str) -> str:
    """The scenario to watch next."""
    names = list(SCENARIOS)
    return names[(names.index(name) + 1) % len(names)]
