"""A record's bytes read as one CloudEvents 1.0 event; everything else is refused with the reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from contracts.events import Event
from events.errors import MalformedError, RefusedError

MAX_BYTES = 1_046_528
"""The largest request that Event Hubs takes (learn.microsoft.com, apache-kafka-configurations)."""

_REQUIRED = ("type", "source", "id")
_OPTIONAL = ("subject", "time", "causationid", "traceparent", "dataversion")


def parse(value: bytes | None) -> Event:
    """Read a record in the structured JSON form; an array of one, as Event Grid may send, is unwrapped.

    Raises:
        MalformedError: when the bytes are not one CloudEvents 1.0 event whose data, if any, is an object.
    """
    body = _unwrapped(_json(value))
    if body.get("specversion") != "1.0":
        msg = f"specversion is {body.get('specversion')!r}, not '1.0'"
        raise MalformedError(msg)
    for name in _REQUIRED:
        if not body.get(name):
            msg = f"attribute {name} is missing or empty"
            raise MalformedError(msg)
    for name in (*_REQUIRED, *_OPTIONAL):
        _check_text(name, body.get(name))
    if not isinstance(body.get("data") or {}, dict):
        msg = "data is not an object"
        raise MalformedError(msg)
    return Event.of(body)


def trace(event: Event) -> dict[str, str]:
    """What follows from an event names it as the cause and goes on with its trace."""
    return {"causation": event.id, "traceparent": event.traceparent}


def text(data: Mapping[str, Any], name: str) -> str:
    """A text by its key, which Azure documents as `RunId` and sends as `runId`; empty when there is none.

    Raises:
        RefusedError: when both spellings are there and differ.
    """
    value = _either(data, name)
    return "" if value is None else str(value)


def section(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object by its key in either spelling; empty when there is none.

    Raises:
        RefusedError: when both spellings are there and differ, or what is there is no object.
    """
    value = _either(data, name) or {}
    if not isinstance(value, dict):
        msg = f"the event's {name} is not an object"
        raise RefusedError(msg)
    return value


def _either(data: Mapping[str, Any], name: str) -> Any:
    found = [value for key, value in data.items() if key.lower() == name.lower()]
    if any(value != found[0] for value in found):
        msg = f"the event gives {name} twice, and differently"
        raise RefusedError(msg)
    return found[0] if found else None


def _json(value: bytes | None) -> Any:
    if not value:
        msg = "the record is empty"
        raise MalformedError(msg)
    if len(value) > MAX_BYTES:
        msg = f"the record has {len(value)} bytes, more than {MAX_BYTES}"
        raise MalformedError(msg)
    try:
        return json.loads(value.decode(), object_pairs_hook=_distinct, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        msg = f"not JSON in UTF-8: {error}"
        raise MalformedError(msg) from error


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        msg = "a key is given twice, so readers would disagree about its value"
        raise MalformedError(msg)
    return found


def _no_constant(name: str) -> Any:
    msg = f"{name} is no JSON value"
    raise MalformedError(msg)


def _unwrapped(body: Any) -> dict[str, Any]:
    if isinstance(body, list):
        if len(body) != 1:
            msg = f"an array of {len(body)} events, not of one"
            raise MalformedError(msg)
        body = body[0]
    if not isinstance(body, dict):
        msg = f"a JSON {type(body).__name__}, not an object"
        raise MalformedError(msg)
    return body


def _check_text(name: str, value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, str):
        msg = f"attribute {name} is not text"
        raise MalformedError(msg)
    # JSON may spell half of a surrogate pair, which no UTF-8 writer behind this point can store.
    if any("\ud800" <= character <= "\udfff" for character in value):
        msg = f"attribute {name} holds a lone surrogate"
        raise MalformedError(msg)
