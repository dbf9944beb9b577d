"""What `make up` was asked for, checked before anything starts."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import FourPartError
from local.lifecycle import ROOT, state_of

ORANGE_JUICE = "orange-juice"
DEFAULT_STACK = "dev"


class StackUnknownError(FourPartError):
    """A stack without a stack file."""


class DataMissingError(FourPartError):
    """`DATA` names a file that can't be read."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """The verb, the stack, the arriving data (a file, `orange-juice`, or nothing for the generated panel), and a demo's scenario."""

    verb: str
    stack: str
    data: str
    columns: str
    scenario: str = ""

    @property
    def state(self) -> Path:
        """The stack's state directory."""
        return state_of(self.stack)


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line and refuse what can't work.

    Raises:
        StackUnknownError: no stack file of that name.
        DataMissingError: the file is missing, a folder, or unreadable.
    """
    parser = argparse.ArgumentParser(prog="make")
    parser.add_argument("verb", choices=("up", "demo", "publish", "down"))
    parser.add_argument("--stack", default=DEFAULT_STACK)
    parser.add_argument("--data", default="")
    parser.add_argument("--columns", default="")
    parser.add_argument("--scenario", default="")
    given = parser.parse_args(arguments)
    options = Options(verb=given.verb, stack=given.stack, data=given.data, columns=given.columns, scenario=given.scenario)
    _check_stack(options.stack)
    _check_data(options.data)
    return options


def _check_stack(stack: str) -> None:
    stacks = sorted(file.name.split(".")[1] for file in ROOT.glob("Pulumi.*.yaml"))
    if stack not in stacks:
        happened = "There is no stack of this name."
        raise StackUnknownError(
            happened, given=stack, allowed=", ".join(stacks), remedy=f"Name one of them, or write Pulumi.{stack}.yaml."
        )


def _check_data(data: str) -> None:
    if data in {"", ORANGE_JUICE}:
        return
    allowed = f"a readable CSV or Parquet file, `{ORANGE_JUICE}`, or nothing for the generated panel"
    try:
        with Path(data).open("rb"):
            return
    except OSError as error:
        happened = f"DATA can't be read: {error.strerror}."
        raise DataMissingError(happened, given=data, allowed=allowed, remedy="Correct the path: make up DATA=FILE") from error
