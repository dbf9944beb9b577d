"""The closing block: fourteen lines at most, aligned, with what a person needs next."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from local.flow.closing import rows, show
from tests.local.report.report_example import run

MOST = 14
PLACE = "forecasts.example.com:8443"
CALL = f"curl --cacert /elsewhere/production.pem --resolve {PLACE}:127.12.0.9 https://{PLACE}"


def block(told: dict[str, Any], example: tuple[str, str] | None = ("1", "7")) -> dict[str, str]:
    lines = rows(told, Path("/elsewhere/report.html"), example)
    assert len(lines) <= MOST
    assert all("\n" not in text and len(name) < 13 for name, text in lines)
    assert len({name for name, _ in lines}) == len(lines)
    return dict(lines)


def test_says_what_stands_what_was_decided_and_what_is_live() -> None:
    told = block(run())
    assert told["stack"] == "dev, 98 resources, 63.7 s"
    assert told["data"] == "bronze/sales@1: 913,000 rows in 500 series, 2021-01-01 to 2025-12-31, daily, 15 quarantined"
    assert told["decision"] == "promote: demand 1 (lightgbm) registered, 1 of 2 rules held"
    assert told["because"] == "forecasts -14.0 % off all sales"
    assert told["WAPE"] == "challenger 35.3% | incumbent 36.1% | seasonal naive 68.1% | conditional mean 33.6%"
    assert told["release"].startswith("released: sha256:5eba5eba5eba live in slot green, 21.5 s after its push, QA checks 2/2")
    assert told["try"] == f"{CALL}/forecast/1/7"
    assert told["report"] == "/elsewhere/report.html"
    assert told["next"] == "make demo SCENARIO=new-data | make status | make down"


def test_another_stack_is_named_in_the_commands() -> None:
    assert (
        block(run(stack="prod"))["next"]
        == "make demo SCENARIO=new-data STACK=prod | make status STACK=prod | make down STACK=prod"
    )


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ({"decision": "none", "reason": "no image was built: keep", "digest": "", "url": ""}, "none: no image was built: keep"),
        ({"decision": "rejected", "reason": "wrong digest", "url": ""}, "rejected: wrong digest (sha256:5eba5eba5eba)"),
    ],
)
def test_without_a_live_image_there_is_a_reason_and_no_address(release: dict[str, str], expected: str) -> None:
    told = run()
    told["release"] |= release
    found = block(told)
    assert found["release"] == expected
    assert "try" not in found


def test_without_forecasts_the_version_is_asked_for() -> None:
    assert block(run(), None)["try"] == f"{CALL}/version"


def test_a_certificate_that_an_authority_signed_needs_no_file() -> None:
    told = run()
    told["release"]["certificate"] = ""
    assert block(told, None)["try"] == f"{CALL}/version".replace("--cacert /elsewhere/production.pem ", "")


@given(store=st.text(min_size=1), item=st.text(min_size=1))
def test_the_printed_command_is_one_word_whatever_the_series_is_called(store: str, item: str) -> None:
    words = shlex.split(block(run(), (store, item))["try"])
    assert len(words) == 6
    assert words[5].startswith("https://forecasts.example.com:8443/forecast/")
    assert words[5].count("/") == 5


def test_a_run_that_judged_nothing_has_a_block_too() -> None:
    told = run(metrics={}, model={"name": "demand", "version": None, "registered": False, "rung": None, "naive": None})
    found = block(told)
    assert "WAPE" not in found
    assert found["decision"] == "promote: no model stays, 1 of 2 rules held"


def test_lines_are_aligned_and_brackets_in_texts_stay(capsys: pytest.CaptureFixture[str]) -> None:
    show([("data", "[red]x[/red]"), ("next", "y")])
    assert capsys.readouterr().out == "\ndata         [red]x[/red]\nnext         y\n"
