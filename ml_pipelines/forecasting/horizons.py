"""How far ahead to forecast when nobody says, by the panel's frequency."""

from __future__ import annotations

DEFAULTS = {"hourly": (48, 0), "daily": (28, 0), "weekly": (2, 1), "monthly": (3, 0)}
"""Horizon and gap in periods. Weekly: orders are placed a week before the two weeks that they are for, as in the
OrangeJuice benchmark of microsoft/forecasting (TSPerf)."""


JUDGED_PERIODS = 12
"""Fewest periods that a model is judged on: a year of months, a quarter of weeks. Two weeks of one origin say more about those
two weeks than about the model (Tashman, "Out-of-sample tests of forecasting accuracy", IJF 2000: rolling origins)."""


def defaults(frequency: str, season: int) -> tuple[int, int]:
    """Horizon and gap of a frequency; one season without a gap for those not in the table."""
    return DEFAULTS.get(frequency, (max(1, season), 0))


def origins(periods: int, horizon: int, gap: int) -> int:
    """How many origins, one horizon apart, a model is judged from: as many as make `JUDGED_PERIODS`, fewer on a short panel.

    Choosing, calibrating and judging take two such windows, which may fill half of the panel's `periods` at most.
    """
    wanted = -(-JUDGED_PERIODS // horizon)
    room = (periods // 4 - gap) // horizon
    return max(1, min(wanted, room))
