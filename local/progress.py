"""What a person sees while things run: one line a step, with seconds; live in a terminal, plain elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console

EVERY_SECONDS = 10.0


@dataclass
class Step:
    """One running step: its title, what it does now, and when it began."""

    title: str
    detail: str = ""
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began


class Progress:
    """Prints steps with their state and seconds; keeps the seconds of each for the closing block."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show a step while its block runs, then how it ended."""
        step, over = Step(title), threading.Event()
        shown = threading.Thread(target=self._show, args=(step, over), daemon=True)
        shown.start()
        mark = "[red]failed [/red]"
        try:
            yield step
            mark = "[green]done   [/green]"
        finally:
            over.set()
            shown.join()
            self.seconds[title] = round(self.seconds.get(title, 0.0) + step.seconds, 1)
            self._console.print(f"  {mark} {title:<12} {step.seconds:6.1f} s  {step.detail}")

    def note(self, text: str) -> None:
        """Print one line under the running step."""
        self._console.print(f"  [dim]{text}[/dim]")

    def _show(self, step: Step, over: threading.Event) -> None:
        if self._console.is_terminal:
            with self._console.status("") as status:
                while not over.wait(0.2):
                    status.update(f"{step.title} {step.seconds:.0f} s  {step.detail}")
            return
        while not over.wait(EVERY_SECONDS):
            self._console.print(f"  running {step.title:<12} {step.seconds:6.1f} s  {step.detail}")


def fail(error: Exception) -> int:
    """Print an error that a person can act on, and the exit code that goes with it."""
    sys.stderr.write(f"\n{error}\n")
    return 2
