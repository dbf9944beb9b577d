"""Structured logs: one line of key=value pairs per fact, with nothing in a value that could forge a second line."""

from __future__ import annotations

import json
import logging
import re
import sys

_PLAIN = re.compile(r"[\w./:@|+-]+", re.ASCII)
ERROR = logging.ERROR

_LOG = logging.getLogger("events")


def record(happened: str, *, level: int = logging.INFO, **facts: object) -> None:
    """Write one line: what happened, then the facts in the order given."""
    pairs = [f"{name}={_value(fact)}" for name, fact in facts.items()]
    _LOG.log(level, "%s", " ".join([f"event={_value(happened)}", *pairs]))


def start() -> None:
    """Send the lines of this package to the standard error stream, with time and level."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("time=%(asctime)s.%(msecs)03d level=%(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S"))
    _LOG.addHandler(handler)
    _LOG.setLevel(logging.INFO)
    _LOG.propagate = False


def _value(fact: object) -> str:
    text = str(fact)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)
