"""What a meter of Azure counts for one resource, before a price is looked up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cost.usage import Usage

HOURS = 730.0
"""Hours of a month, as Azure's price pages count them."""


class When(StrEnum):
    """Whether an amount falls due while nothing happens, with each training run, or with other use."""

    IDLE = "idle"
    TRAINING = "training"
    USE = "use"


@dataclass(frozen=True, kw_only=True)
class Metered:
    """So much of a meter in a month, and when it falls due."""

    meter: str
    quantity: float
    when: When = When.IDLE


type Meter = Callable[[Mapping[str, Any], Usage], Iterable[Metered]]
"""One pure function a kind of resource: the inputs as the engine spells them, and the assumed use."""
