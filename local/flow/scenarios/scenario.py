"""What every scenario is: words for what is about to happen, a play on a stack that stands, and what the play came to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from contracts.outputs import PlatformOutputs
from local.flow import arriving
from local.flow.arriving import Arrival
from local.flow.closing import close
from local.flow.commands import run
from local.flow.loop import Standing, watch
from local.flow.options import DEFAULT_STACK
from local.flow.outcome import Outcome
from local.memory import PeakMemory
from local.progress import Progress
from local.services.cloud import Cloud

type Rows = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class See:
    """A command that shows what happened, the text in its output that does, and what that is where it does not say so."""

    command: str
    shows: str
    what: str = ""

    def __str__(self) -> str:
        """For the block."""
        return f"{self.command}  shows {self.shows}{f'  ({self.what})' if self.what else ''}"


@dataclass(frozen=True, kw_only=True)
class Played:
    """What a play came to: whether the defence held, in which words, the figures, and where to see it."""

    held: bool
    verdict: str
    rows: Rows = ()
    see: tuple[See, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stack that stands, and how a play's progress is shown."""

    standing: Standing
    progress: Progress
    memory: PeakMemory

    @property
    def cloud(self) -> Cloud:
        """The stack's local cloud."""
        return self.standing.cloud

    @property
    def outputs(self) -> PlatformOutputs:
        """The platform's outputs."""
        return self.standing.applied.outputs

    @property
    def folder(self) -> Path:
        """Where arriving files are made."""
        made = self.cloud.state / "data"
        made.mkdir(parents=True, exist_ok=True)
        return made

    def command(self, line: str) -> str:
        """A command line of `make` that names the stack where that is needed."""
        stack = self.standing.options.stack
        return line if stack == DEFAULT_STACK else f"{line} STACK={stack}"

    def arrive(self, name: str = "next-period", *, broken: bool = False) -> Arrival:
        """One more period of the stack's own panel is ingested, in good order or broken.

        Raises:
            CommandFailedError: when there is no panel that could go on.
        """
        with self.progress.step("ingest") as step:
            step.detail = "making the period after the last one"
            made = self.as_data_job("local.flow.next_period", str(self.folder / f"{name}.parquet"), *["--broken"] * broken)
            options = replace(self.standing.options, data=made["file"], columns="")
            return arriving.ingest(self.cloud, self.outputs, options, step)

    def as_data_job(self, module: str, *arguments: str) -> dict[str, str]:
        """The JSON answer of a module that reads the lake as the data job does."""
        identity, extra = self.outputs.identities["data"]["name"], self.outputs.environment("data")
        answer: dict[str, str] = run(
            self.cloud, module, arguments, identity=identity, account=self.outputs.lake_account, extra=extra
        )
        return answer

    def follow(self, arrival: Arrival) -> Outcome:
        """Watch the loop close on an arrival, write run.json and the report, and print the usual block."""
        outcome = watch(self.standing, arrival, self.progress, self.memory)
        close(self.cloud, outcome, self.progress)
        return outcome


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A name for `SCENARIO=`, what is about to happen, and the play; one without a defence has no block of its own."""

    name: str
    told: str
    play: Callable[[Stage], Played]
    defends: bool = True
