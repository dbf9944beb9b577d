"""How far ahead to forecast when nobody says, by the panel's frequency."""

from __future__ import annotations

DEFAULTS = {"hourly": (48, 0), "daily": (28, 0), "weekly": (2, 1), "monthly": (3, 0)}
"""Horizon and gap in periods. Weekly: orders are placed a week before the two weeks that they are for, as in the
OrangeJuice benchmark of microsoft/forecasting (TSPerf)."""


def defaults(frequency: str, season: int) -> tuple[int, int]:
    """Horizon and gap of a frequency; one season without a gap for those not in the table."""
    return DEFAULTS.get(frequency, (max(1, season), 0))
