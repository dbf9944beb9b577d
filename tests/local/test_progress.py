"""Progress: five states with seconds, plain lines without a terminal, drawn anew in one, no colour where none is wanted."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from local.engine.events import ResourceEvent
from local.flow.platform import shown
from local.progress import Item, Progress, State, Step, is_live


def plain() -> tuple[Progress, io.StringIO]:
    out = io.StringIO()
    return Progress(Console(file=out, width=120, soft_wrap=True, highlight=False)), out


def item(name: str, state: State, seconds: float = 0.0, detail: str = "") -> Item:
    return Item(key=f"urn::{name}", name=name, state=state, seconds=seconds, detail=detail)


def test_what_took_long_failed_or_warns_has_a_line_and_the_rest_is_counted() -> None:
    progress, out = plain()
    with progress.step("platform") as step:
        step.tell(item("lake", State.RUNNING))
        step.tell(item("lake", State.DONE, 2.5, "StorageAccount created"))
        step.tell(item("policy", State.WARNING, 0.0, "tags: none"))
        step.tell(item("vault", State.FAILED, 0.2, "Vault failed"))
        for name in ("a", "b"):
            step.tell(item(name, State.DONE, 0.4))
        step.tell(item("c", State.SKIPPED, 0.0))
        step.detail = "98 resources"
    lines = out.getvalue().splitlines()
    assert lines[0] == "  done      lake                          2.5 s  StorageAccount created"
    assert lines[1] == "  warning   policy                        0.0 s  tags: none"
    assert lines[2] == "  failed    vault                         0.2 s  Vault failed"
    assert lines[3].strip() == "3 resources in 1 s or less each"
    assert lines[4].startswith("  done    platform")
    assert lines[4].endswith("s  98 resources")
    assert len(lines) == 5
    assert set(progress.seconds) == {"platform"}


@pytest.mark.parametrize(("say", "expected"), [(Step.skip, "skipped"), (Step.warn, "warning")])
def test_a_step_says_itself_that_it_was_skipped_or_warns(say, expected: str) -> None:
    progress, out = plain()
    with progress.step("platform") as step:
        say(step, "no change")
    assert out.getvalue().startswith(f"  {expected} platform")
    assert "no change" in out.getvalue()


def test_a_step_that_raises_is_failed_and_its_seconds_count() -> None:
    progress, out = plain()
    with pytest.raises(ZeroDivisionError), progress.step("ingest"):
        _ = 1 / 0
    assert out.getvalue().startswith("  failed  ingest")
    assert progress.seconds["ingest"] == progress.total


def test_a_long_step_says_now_and_then_that_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.progress.EVERY_SECONDS", 0.05)
    monkeypatch.setattr("local.progress.DRAWN_EVERY_SECONDS", 0.01)
    progress, out = plain()
    with progress.step("training") as step:
        step.detail = "train Running"
        time.sleep(0.2)
    running = [line for line in out.getvalue().splitlines() if line.startswith("  running training")]
    assert running
    assert running[0].endswith("train Running")


def test_a_terminal_is_drawn_anew_with_what_is_worked_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CI", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("local.progress.DRAWN_EVERY_SECONDS", 0.01)
    out = io.StringIO()
    progress = Progress(Console(file=out, force_terminal=True, width=120, height=30))
    with progress.step("platform") as step:
        for number in range(9):
            step.tell(item(f"r{number}", State.RUNNING, detail="StorageAccount"))
        time.sleep(0.2)
    text = out.getvalue()
    assert "\x1b[2K" in text
    assert "r5" in text
    assert "r6" not in text
    assert "and 3 more" in text


def test_no_color_and_ci_are_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    out = io.StringIO()
    console = Console(file=out, force_terminal=True)
    with Progress(console).step("ingest"):
        pass
    assert "\x1b[3" not in out.getvalue()
    assert is_live(console)
    monkeypatch.setenv("CI", "true")
    assert not is_live(console)
    monkeypatch.delenv("CI")
    monkeypatch.setenv("TERM", "dumb")
    assert not is_live(Console(file=out, force_terminal=True))


def test_the_seconds_of_what_runs_are_counted_while_it_runs() -> None:
    step = Step("platform")
    step.tell(item("lake", State.RUNNING))
    time.sleep(0.05)
    step.tell(item("vault", State.RUNNING))
    lake, vault = step.running()
    assert (lake.name, vault.name) == ("lake", "vault")
    assert lake.seconds >= 0.05 > vault.seconds
    step.tell(item("lake", State.DONE, 0.1))
    assert [one.name for one in step.running()] == ["vault"]


def test_the_engines_events_become_items_of_the_step() -> None:
    step = Step("platform")
    tell = shown(step)
    kind = "azure-native:storage:StorageAccount"
    tell(ResourceEvent(urn="u1", type=kind, name="lake", state="running", seconds=0.0))
    assert [(one.name, one.detail) for one in step.running()] == [("lake", "StorageAccount")]
    tell(ResourceEvent(urn="u1", type=kind, name="lake", state="created", seconds=2.0))
    tell(ResourceEvent(urn="u2", type=kind, name="other", state="same", seconds=0.0))
    tell(ResourceEvent(urn="u2", type="", name="other", state="warning", seconds=0.0, detail="tags: none"))
    tell(ResourceEvent(urn="u3", type=kind, name="third", state="failed", seconds=0.1))
    assert step.running() == []
    assert [(one.name, one.state, one.detail) for one in step.lines] == [
        ("lake", State.DONE, "StorageAccount created"),
        ("other", State.WARNING, "tags: none"),
        ("third", State.FAILED, "StorageAccount failed"),
    ]
    assert (step.brief, step.detail) == (1, "3 resources, third failed")
