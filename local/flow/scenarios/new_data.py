"""`new-data`: nothing goes wrong; one more period of sales arrives, and the loop answers."""

from __future__ import annotations

from local.flow.scenarios.scenario import Played, Scenario, Stage


def play(stage: Stage) -> Played:
    """Let it arrive, and only watch."""
    outcome = stage.follow(stage.arrive())
    return Played(held=outcome.released.decision != "rejected", verdict=outcome.released.decision)


NEW_DATA = Scenario(
    name="new-data",
    told="One more period of sales arrives. Nothing else is started by hand: the commit's event makes silver, the features'\n"
    "event trains, the gate decides, the image's event releases, and production answers with the new model or the old one.",
    play=play,
    defends=False,
)
