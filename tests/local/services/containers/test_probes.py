"""Probes as both APIs write them."""

from __future__ import annotations

import pytest

from local.services.containers.templates import Probe


@pytest.mark.parametrize(
    ("scheme", "secure"),
    [
        ({"scheme": "HTTPS"}, True),
        ({"scheme": "https"}, True),
        ({"scheme": "HTTP"}, False),
        ({"scheme": "http"}, False),
        ({}, False),
    ],
    ids=["Kubernetes, TLS", "Container Instances, TLS", "Kubernetes", "Container Instances", "by default"],
)
def test_a_page_is_asked_for_over_tls_where_the_probe_says_so(scheme: dict[str, str], secure: bool) -> None:  # noqa: FBT001 - a table
    found = Probe.of({"httpGet": {"path": "/ready", "port": 8443, **scheme}, "periodSeconds": 2, "failureThreshold": 6})
    assert found == Probe(path="/ready", port=8443, secure=secure, period=2.0, failures=6)
