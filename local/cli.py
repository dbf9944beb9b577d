"""`local-cloud`: the local cloud's own command; `make` calls it for doctor and status."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, replace

from contracts.errors import FourPartError
from local import doctor, status
from local.engine.build import ensure_engine
from local.lifecycle import ROOT, running, start, state_of, stop
from local.progress import Progress, fail
from local.services.cloud import Cloud
from local.services.eventgrid.chaos import get_chaos, set_chaos
from local.services.eventhubs.broker import BROKER


class StackNotRunningError(FourPartError):
    """The command needs a running local cloud."""


def main() -> int:
    """Run one command; 2 for an error that the user can act on."""
    parser = _parser()
    given = parser.parse_args()
    try:
        return COMMANDS[given.command](given)
    except FourPartError as error:
        return fail(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="local-cloud", description="Azure on one machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    stacked = argparse.ArgumentParser(add_help=False)
    stacked.add_argument("--stack", default="dev")
    commands.add_parser("doctor", help="what this machine lacks")
    commands.add_parser("up", parents=[stacked], help="start the services, and nothing else")
    commands.add_parser("down", parents=[stacked], help="stop the services and keep the state")
    commands.add_parser("status", parents=[stacked], help="what runs and what failed").add_argument("--json", action="store_true")
    commands.add_parser("logs", parents=[stacked], help="print a process's log").add_argument("name")
    commands.add_parser("pulumi", parents=[stacked], help="the engine with its environment set: -- ARGS").add_argument(
        "rest", nargs="..."
    )
    commands.add_parser("run", parents=[stacked], help="a command with places and login set: -- COMMAND").add_argument(
        "rest", nargs="..."
    )
    setting = commands.add_parser("chaos", parents=[stacked], help="make Event Grid as unreliable as it may be")
    setting.add_argument("--duplicate", choices=("on", "off"))
    setting.add_argument("--delay-seconds", type=float)
    setting.add_argument("--reorder-seconds", type=float)
    return parser


def _doctor(_: argparse.Namespace) -> int:
    return doctor.show(doctor.examine(ROOT))


def _up(given: argparse.Namespace) -> int:
    progress = Progress()
    BROKER.ensure(progress)
    with progress.step("services") as step:
        start(state_of(given.stack), step)
    return 0


def _down(given: argparse.Namespace) -> int:
    stop(state_of(given.stack))
    return 0


def _status(given: argparse.Namespace) -> int:
    report = status.report(_running(given.stack))
    if given.json:
        sys.stdout.write(json.dumps(asdict(report), indent=2) + "\n")
        return 0
    return status.show(report)


def _logs(given: argparse.Namespace) -> int:
    folder = state_of(given.stack) / "logs"
    file = folder / f"{given.name}.log"
    if not file.exists():
        names = ", ".join(sorted(found.stem for found in folder.glob("*.log"))) or "none yet"
        happened = "There is no log of this name."
        raise StackNotRunningError(happened, given=given.name, allowed=names, remedy="Name one of them.")
    sys.stdout.write(file.read_text(errors="replace"))
    return 0


def _pulumi(given: argparse.Namespace) -> int:
    from local.flow.platform import engine_of

    return engine_of(ensure_engine(Progress()), _running(given.stack), given.stack).command(_rest(given))


def _run(given: argparse.Namespace) -> int:
    from local.flow import workbench

    return workbench.run(_running(given.stack), given.stack, _rest(given))


def _rest(given: argparse.Namespace) -> list[str]:
    rest: list[str] = given.rest
    return rest[1:] if rest[:1] == ["--"] else rest


def _chaos(given: argparse.Namespace) -> int:
    store = _running(given.stack).store
    duplicate = None if given.duplicate is None else given.duplicate == "on"
    wanted = {"duplicate": duplicate, "delay_seconds": given.delay_seconds, "reorder_seconds": given.reorder_seconds}
    settings = replace(get_chaos(store), **{name: value for name, value in wanted.items() if value is not None})
    set_chaos(store, settings)
    sys.stdout.write(json.dumps(asdict(settings)) + "\n")
    return 0


def _running(stack: str) -> Cloud:
    state = state_of(stack)
    if running(state) is None:
        happened = "The local cloud of this stack does not run."
        raise StackNotRunningError(happened, given=stack, allowed="a stack that is up", remedy=f"make up STACK={stack}")
    return Cloud.open(state)


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "doctor": _doctor,
    "up": _up,
    "down": _down,
    "status": _status,
    "logs": _logs,
    "pulumi": _pulumi,
    "run": _run,
    "chaos": _chaos,
}

if __name__ == "__main__":
    sys.exit(main())
