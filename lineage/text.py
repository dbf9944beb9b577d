"""The chain as a person reads it: the number first, then a line for each link."""

from __future__ import annotations

from lineage.answer import Answer
from lineage.link import Link

WIDTH = 13


def headline(answer: Answer) -> str:
    """The row that is explained, in units sold."""
    first, last = answer.periods[0], answer.periods[-1]
    if first is not last:
        return f"{answer.unique_id}: {len(answer.periods)} periods from {first.ds} to {last.ds}, the first {_value(answer)}"
    return f"{answer.unique_id} in the period from {first.ds}: {_value(answer)}"


def line(link: Link) -> str:
    """A link, its event and what is wrong with it on lines of their own."""
    told = [f"{link.what:{WIDTH}} {link.identity}{f'  ({link.detail})' if link.detail else ''}"]
    told += [f"{'':{WIDTH}} caused by event {link.event}"] if link.event else []
    told += [f"{'':{WIDTH}} BROKEN: {link.broken}"] if link.broken else []
    return "\n".join(told)


def _value(answer: Answer) -> str:
    period = answer.periods[0]
    return f"{period.point:.1f}, between {period.lower:.1f} and {period.upper:.1f}"
