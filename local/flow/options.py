"""What `make up` was asked for, checked before anything starts."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import FourPartError
from local.lifecycle import DEFAULT_STACK, ROOT, state_of

ORANGE_JUICE = "orange-juice"


class StackUnknownError(FourPartError):
    """A stack without a stack file."""


class DataMissingError(FourPartError):
    """`DATA` names nothing that is there."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """The verb, the stack, the arriving data (a path, `orange-juice`, or nothing for the generated panel), and a demo's scenario.

    `columns` and `negative` say how the data are read, as the command `data-ops` takes them.
    """

    verb: str
    stack: str
    data: str
    columns: str
    scenario: str = ""
    negative: str = ""

    @property
    def own_data(self) -> bool:
        """Whether the data are the user's own."""
        return self.data not in {"", ORANGE_JUICE}

    @property
    def reading(self) -> list[str]:
        """How the data are read, as arguments of `data-ops`."""
        return [f"--{name}={value}" for name, value in (("columns", self.columns), ("negative", self.negative)) if value]

    @property
    def state(self) -> Path:
        """The stack's state directory."""
        return state_of(self.stack)


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line and refuse what can't work.

    Raises:
        StackUnknownError: no stack file of that name.
        DataMissingError: there is nothing at the path.
    """
    parser = argparse.ArgumentParser(prog="make")
    parser.add_argument("verb", choices=("up", "demo", "publish", "down"))
    parser.add_argument("--stack", default=DEFAULT_STACK)
    parser.add_argument("--data", default="")
    parser.add_argument("--columns", default="")
    parser.add_argument("--negative", default="")
    parser.add_argument("--scenario", default="")
    options = Options(**vars(parser.parse_args(arguments)))
    _check_stack(options.stack)
    if options.own_data:
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
    allowed = f"a CSV or Parquet file or a folder of them, `{ORANGE_JUICE}`, or nothing for the generated panel"
    try:
        os.stat(data)  # noqa: PTH116 - Path.stat turns some faults into other errors
    except OSError as error:
        happened = f"DATA can't be read: {error.strerror}."
        raise DataMissingError(happened, given=data, allowed=allowed, remedy="Correct the path: make up DATA=FILE") from error
