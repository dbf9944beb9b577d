"""When a failed delivery is tried again, and when it is given up.

Source: learn.microsoft.com/azure/event-grid/delivery-and-retry.
"""

from __future__ import annotations

import random

WAITS = (10.0, 30.0, 60.0, 300.0, 600.0, 1800.0, 3600.0, 10800.0, 21600.0)
"""Seconds before the 2nd, 3rd ... attempt; from then on every 12 hours."""

EVERY = 43200.0
JITTER = 0.1
ATTEMPTS = 30
MINUTES = 1440
"""Defaults of a retry policy: attempts and time to live."""


def wait(attempts: int, jitter: random.Random) -> float:
    """Seconds to wait after this many failed attempts, up to a tenth more than Azure's schedule."""
    base = WAITS[attempts - 1] if attempts <= len(WAITS) else EVERY
    return base * (1 + JITTER * jitter.random())


def given_up(attempts: int, age: float, *, most: int, minutes: int) -> str:
    """Why no further attempt is made, empty while one is; `age` in seconds since the event was raised."""
    if attempts >= most:
        return "MaxDeliveryAttemptsExceeded"
    return "TimeToLiveExceeded" if age >= minutes * 60 else ""
