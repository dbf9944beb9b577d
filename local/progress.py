"""What a person sees while things run: phases, and under them what each works on, in five states with seconds.

In a terminal the running phase is drawn anew a few times a second; elsewhere, and in CI, there are plain lines alone.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

EVERY_SECONDS = 10.0
DRAWN_EVERY_SECONDS = 0.2
WORTH_A_LINE_SECONDS = 1.0
DRAWN_ITEMS = 6
NAME = 26
"""Width of the names of items; most are shorter."""


class State(StrEnum):
    """How far something is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    WARNING = "warning"
    SKIPPED = "skipped"


COLOURS = {State.RUNNING: "cyan", State.DONE: "green", State.FAILED: "red", State.WARNING: "yellow", State.SKIPPED: "dim"}


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing that a step works on; `key` tells two of the same name apart."""

    key: str
    name: str
    state: State
    seconds: float = 0.0
    detail: str = ""


@dataclass
class Step:
    """One running step: its title, what it does now, when it began, and what it works on."""

    title: str
    detail: str = ""
    began: float = field(default_factory=time.monotonic)
    state: State = State.RUNNING
    lines: list[Item] = field(default_factory=list)
    """Items that are over and worth a line of their own, not printed yet."""
    brief: int = 0
    """How many are over that were not."""
    _running: dict[str, tuple[float, Item]] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began

    def tell(self, item: Item) -> None:
        """Take in how far an item is; one that took long, failed or warns gets a line when it is over."""
        if item.state is State.RUNNING:
            self._running.setdefault(item.key, (time.monotonic(), item))
            return
        if item.state is not State.WARNING:
            self._running.pop(item.key, None)
        if item.seconds > WORTH_A_LINE_SECONDS or item.state in {State.FAILED, State.WARNING}:
            self.lines.append(item)
        else:
            self.brief += 1

    def skip(self, detail: str) -> None:
        """Say that there was nothing to do."""
        self.state, self.detail = State.SKIPPED, detail

    def warn(self, detail: str) -> None:
        """Say that it went well enough to go on, and what did not."""
        self.state, self.detail = State.WARNING, detail

    def running(self) -> list[Item]:
        """What it works on now, the oldest first, with seconds so far."""
        now = time.monotonic()
        return [replace(item, seconds=now - began) for began, item in sorted(self._running.values(), key=_age)]


class Progress:
    """Prints steps with their state and seconds; keeps the seconds of each for the closing block."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self.began = datetime.now(UTC)
        self.seconds: dict[str, float] = {}

    @property
    def total(self) -> float:
        """Seconds of all steps together."""
        return round(sum(self.seconds.values()), 1)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show a step while its block runs, then how it ended: done, or as the block said, or failed."""
        step, over = Step(title), threading.Event()
        shown = threading.Thread(target=self._show, args=(step, over), daemon=True)
        shown.start()
        ended = State.FAILED
        try:
            yield step
            ended = State.DONE if step.state is State.RUNNING else step.state
        finally:
            over.set()
            shown.join()
            self.seconds[title] = round(self.seconds.get(title, 0.0) + step.seconds, 1)
            self._flush(step)
            if step.brief:
                self._note(f"{step.brief} resources in {WORTH_A_LINE_SECONDS:.0f} s or less each")
            self._console.print(_line(ended, step.title, step.seconds, step.detail))

    def note(self, text: str) -> None:
        """Print one line under the running step."""
        self._console.print(Text(f"  {text}", style="dim"))

    def _note(self, text: str) -> None:
        self._console.print(Text(f"          {text}", style="dim"))

    def _show(self, step: Step, over: threading.Event) -> None:
        if is_live(self._console):
            with Live(console=self._console, transient=True, auto_refresh=False) as live:
                while not over.wait(DRAWN_EVERY_SECONDS):
                    self._flush(step)
                    live.update(_drawn(step), refresh=True)
            return
        told = time.monotonic()
        while not over.wait(DRAWN_EVERY_SECONDS):
            self._flush(step)
            if time.monotonic() - told >= EVERY_SECONDS:
                self._console.print(_line(State.RUNNING, step.title, step.seconds, step.detail))
                told = time.monotonic()

    def _flush(self, step: Step) -> None:
        while step.lines:
            item = step.lines.pop(0)
            self._console.print(_line(item.state, f"  {item.name:<{NAME}}", item.seconds, item.detail))


def is_live(console: Console) -> bool:
    """Whether lines may be drawn anew: a terminal that can, and no CI."""
    return console.is_terminal and not console.is_dumb_terminal and not os.environ.get("CI")


def fail(error: Exception) -> int:
    """Print an error that a person can act on, and the exit code that goes with it."""
    sys.stderr.write(f"\n{error}\n")
    return 2


def _age(pair: tuple[float, Item]) -> float:
    return pair[0]


def _line(state: State, title: str, seconds: float, detail: str) -> Text:
    """`  done    platform        8.8 s  98 resources`, only the state in colour."""
    return Text.assemble("  ", (f"{state:<7}", COLOURS[state]), f" {title:<12} {seconds:6.1f} s  {detail}".rstrip())


def _drawn(step: Step) -> Group:
    """The running step, and below it what it works on."""
    items = step.running()
    lines = [_line(item.state, f"  {item.name:<{NAME}}", item.seconds, item.detail) for item in items[:DRAWN_ITEMS]]
    more = [Text(f"          and {len(items) - DRAWN_ITEMS} more", style="dim")] if len(items) > DRAWN_ITEMS else []
    return Group(_line(State.RUNNING, step.title, step.seconds, step.detail), *lines, *more)
