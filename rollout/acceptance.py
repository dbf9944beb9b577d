"""Acceptance: what a running image must answer before it is let on, as one table of checks.

The expectation comes from elsewhere than the service: identity from the image's labels, numbers from the published
forecasts in storage.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from contracts.images import Built
from ml_pipelines.forecast_files import Forecasts
from rollout.journal import Checked
from rollout.service import PROBLEM, Answer, AnswerError, Service

SAMPLES = 5
CALLS = 20
BODY_BYTES = 64 * 1024 * 1024
POLL_SECONDS = 0.2
MOVE_SECONDS = 30.0
RELATIVE, ABSOLUTE = 1e-4, 1e-3
"""How far a number may be from the published one: the service may round, but not to another value."""
UNKNOWN = ("no-such-store", "no-such-item")
CLIENT_ERRORS = range(400, 500)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What must be running: digest, labels, place (`qa` or a slot), published forecasts with their data version; how fast it must be."""

    digest: str
    built: Built
    place: str
    forecasts: Forecasts
    data_version: str
    ready_seconds: float
    answer_millis: float


type Check = Callable[[Service, Expected], str]


def accept(service: Service, expected: Expected) -> tuple[Checked, ...]:
    """Run all checks and tell of each; when it does not get ready, the others are not tried."""
    ready = _run("ready", _ready, service, expected)
    if not ready.ok:
        return (ready,)
    return (ready, *(_run(name, check, service, expected) for name, check in CHECKS.items()))


def reaches(service: Service, digest: str) -> Checked:
    """Whether an address leads to an image, by now or within the time that an address needs to move."""

    def same(service: Service, _expected: None) -> str:
        _until(lambda: _same(service.get("/version").expect(200).json(), {"digest": digest}), MOVE_SECONDS)
        return digest

    return _run("version", same, service, None)


def failures(checks: Sequence[Checked]) -> str:
    """The failed checks in one line; nothing when all hold."""
    return "; ".join(f"{check.name}: {check.detail}" for check in checks if not check.ok)


def _run[T](name: str, check: Callable[[Service, T], str], service: Service, expected: T) -> Checked:
    began = time.monotonic()
    try:
        ok, detail = True, check(service, expected)
    except AnswerError as error:
        ok, detail = False, str(error)
    return Checked(name=name, ok=ok, detail=detail, seconds=round(time.monotonic() - began, 3))


def _ready(service: Service, expected: Expected) -> str:
    """It says that it is ready within the deadline, and then that it is alive."""
    _until(lambda: service.get("/ready", 2.0).expect(200), expected.ready_seconds)
    service.get("/live").expect(200)
    return "ready and alive"


def _version(service: Service, expected: Expected) -> str:
    """It says that it is this image in this place; an address may take a while to reach the new pods."""
    wanted = {**_identity(expected), "release": expected.place}

    def same() -> None:
        told = service.get("/version").expect(200).json()
        _same(told, wanted)

    _until(same, MOVE_SECONDS if expected.place != "qa" else 0.0)
    return f"{expected.built.model} {expected.built.model_version} from {expected.data_version}, {expected.place}"


def _forecasts(service: Service, expected: Expected) -> str:
    """Forecasts of several series: whole horizon, finite, in order, and the published numbers."""
    rows = np.unique(np.linspace(0, len(expected.forecasts.unique_ids) - 1, SAMPLES).astype(int))
    for row in rows:
        name = str(expected.forecasts.unique_ids[row])
        body = service.forecast(*_parts(name)).expect(200).json()
        _same(body, {**_identity(expected), "unique_id": name})
        _same_numbers(name, body.get("forecast"), expected.forecasts, int(row))
    return f"{len(rows)} series of {len(expected.forecasts.ds)} periods as published"


def _unknown(service: Service, expected: Expected) -> str:
    """A series that does not exist is said not to."""
    del expected
    return _problem(service.forecast(*UNKNOWN), range(404, 405))


def _malformed(service: Service, expected: Expected) -> str:
    """Bodies that can't be read are refused."""
    del expected
    bodies = (b'{"unclosed', b"[]", b"null", b'{"rows": "none"}', b"\xff\xfe")
    return ", ".join(sorted({_problem(service.post("/score", body), CLIENT_ERRORS) for body in bodies}))


def _oversized(service: Service, expected: Expected) -> str:
    """A body too large is refused before it is read."""
    del expected
    return _problem(service.announce("/score", BODY_BYTES), range(413, 414))


def _latency(service: Service, expected: Expected) -> str:
    """The slowest of some calls answers in time."""
    parts, slowest = _parts(str(expected.forecasts.unique_ids[0])), 0.0
    for _ in range(CALLS):
        began = time.monotonic()
        service.forecast(*parts).expect(200)
        slowest = max(slowest, (time.monotonic() - began) * 1000)
    if slowest > expected.answer_millis:
        raise AnswerError(f"slowest of {CALLS} answers {slowest:.0f} ms, allowed {expected.answer_millis:.0f} ms")
    return f"slowest of {CALLS} answers {slowest:.0f} ms"


def _metrics(service: Service, expected: Expected) -> str:
    """Metrics are exposed in the text format of Prometheus."""
    del expected
    lines = service.get("/metrics").expect(200).text.decode(errors="replace").splitlines()
    families = [line for line in lines if line.startswith("# TYPE ")]
    if not families:
        raise AnswerError("no metric family in the answer to GET /metrics")
    return f"{len(families)} families"


CHECKS: Mapping[str, Check] = {
    "version": _version,
    "forecasts": _forecasts,
    "unknown-series": _unknown,
    "malformed-body": _malformed,
    "oversized-body": _oversized,
    "latency": _latency,
    "metrics": _metrics,
}
"""All checks of a service that is ready, in their order."""


def _until[T](attempt: Callable[[], T], seconds: float) -> T:
    """The first result without AnswerError; the last error when the seconds are over."""
    ends = time.monotonic() + seconds
    while True:
        try:
            return attempt()
        except AnswerError:
            if time.monotonic() >= ends:
                raise
        time.sleep(POLL_SECONDS)


def _identity(expected: Expected) -> dict[str, str]:
    built = expected.built
    return {
        "digest": expected.digest,
        "model": built.model,
        "model_version": built.model_version,
        "data_version": expected.data_version,
    }


def _same(told: Mapping[str, Any], wanted: Mapping[str, str]) -> None:
    wrong = [f"{name} {told.get(name)!r} instead of {value!r}" for name, value in wanted.items() if str(told.get(name)) != value]
    if wrong:
        raise AnswerError(", ".join(wrong))


def _parts(unique_id: str) -> tuple[str, str]:
    """Store and item of a series; any split whose parts join to the same name asks for the same series."""
    store, _, item = unique_id.partition("_")
    return store, item


def _same_numbers(name: str, told: object, published: Forecasts, row: int) -> None:
    if not isinstance(told, list) or len(told) != len(published.ds):
        raise AnswerError(f"{name}: {len(told) if isinstance(told, list) else 'no'} periods instead of {len(published.ds)}")
    try:
        dates = np.array([str(item["ds"]).removesuffix("Z") for item in told], dtype="datetime64[s]")
        numbers = np.array([[float(item[field]) for field in ("lower", "point", "upper")] for item in told])
    except (KeyError, TypeError, ValueError) as error:
        raise AnswerError(f"{name}: a period without ds, lower, point and upper ({type(error).__name__} {error})") from error
    if not np.isfinite(numbers).all():
        raise AnswerError(f"{name}: numbers that are not finite")
    if (np.diff(numbers, axis=1) < -ABSOLUTE).any():
        raise AnswerError(
            f"{name}: not lower <= point <= upper in {int((np.diff(numbers, axis=1) < -ABSOLUTE).any(axis=1).sum())} periods"
        )
    if not (dates == published.ds.astype("datetime64[s]")).all():
        raise AnswerError(f"{name}: periods from {dates[0]} instead of {published.ds[0]}")
    wanted = np.stack([published.lower[row], published.point[row], published.upper[row]], axis=1)
    if not np.allclose(numbers, wanted, rtol=RELATIVE, atol=ABSOLUTE):
        worst = float(np.abs(numbers - wanted).max())
        raise AnswerError(f"{name}: up to {worst:.6g} away from the published forecasts")


def _problem(answer: Answer, allowed: range) -> str:
    if answer.status not in allowed:
        raise AnswerError(f"status {answer.status} instead of {allowed[0]}{f' to {allowed[-1]}' if len(allowed) > 1 else ''}")
    if answer.media_type != PROBLEM:
        raise AnswerError(f"status {answer.status} as {answer.media_type or 'no media type'} instead of {PROBLEM}")
    answer.json()
    return str(answer.status)
