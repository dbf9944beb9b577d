"""What becomes of sales below zero, chosen at arrival and kept beside each row."""

from __future__ import annotations

from enum import StrEnum

from contracts.errors import FourPartError


class Negative(StrEnum):
    """Rows of the quarantine, or returns that count as no sale."""

    QUARANTINE = "quarantine"
    ZERO = "zero"


class NegativeRefusedError(FourPartError):
    """A choice for sales below zero that does not exist."""


def parse_negative(text: str) -> Negative:
    """Read a choice; "" is the default, quarantine.

    Raises:
        NegativeRefusedError: for anything else; `keep` too, since the models count units and have no loss below zero.
    """
    if text in {"", *Negative}:
        return Negative(text or Negative.QUARANTINE)
    raise NegativeRefusedError(
        "Sales below zero can't be treated like this.",
        given=text,
        allowed="quarantine (the row is set aside, the default) or zero (a return: the period counts with no sale); "
        "to keep them as they are is not possible, since the models forecast counts",
        remedy="Write --negative zero, or leave it out.",
    )
