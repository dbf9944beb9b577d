"""One link of a lineage, as the chain and the local report tell it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Link:
    """What it is, its identity, what is known of it, the id of the event that caused it.

    `broken` says why it can't be had, or is not what the link before it names.
    """

    what: str
    identity: str
    detail: str = ""
    event: str = ""
    broken: str = ""
