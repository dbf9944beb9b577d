"""Acceptance against the product's own service as its image starts it."""

from __future__ import annotations

from dataclasses import replace

from contracts.images import Built
from rollout.acceptance import CHECKS, Expected, accept, failures
from rollout.service import Service
from tests.scoring.conftest import (
    DIGEST,
    Image,
    forecasts,
    image as image,  # noqa: PLC0414 - a fixture is used by its name
    made_image as made_image,  # noqa: PLC0414 - a fixture is used by its name
)

BUILT = Built(model="demand", model_version="3", data_version="silver/features@1", run="r1", revision="abc")


def expected(level: float) -> Expected:
    """The service with forecasts of this level."""
    return Expected(
        digest=DIGEST,
        built=BUILT,
        place="qa",
        forecasts=forecasts(level),
        data_version=BUILT.data_version,
        ready_seconds=20.0,
        answer_millis=2000.0,
    )


def test_the_service_passes_every_check_and_fails_on_forecasts_that_were_not_published(image: Image):
    image.publish(level=5.0)
    with image.serve() as client:
        service = Service(url=str(client.base_url).rstrip("/"))
        checks = accept(service, expected(5.0))
        assert failures(checks) == ""
        assert len(checks) == len(CHECKS) + 1
        assert [check.name for check in accept(service, expected(6.0)) if not check.ok] == ["forecasts"]
        other = replace(expected(5.0), digest="sha256:" + "0" * 64)
        assert {check.name for check in accept(service, other) if not check.ok} == {"version", "forecasts"}


def test_a_service_without_forecasts_never_gets_ready(image: Image):
    with image.serve() as client:
        service = Service(url=str(client.base_url).rstrip("/"))
        (ready,) = accept(service, replace(expected(5.0), ready_seconds=1.0))
        assert not ready.ok
        assert "503" in ready.detail
