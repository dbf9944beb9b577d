"""`local-cloud`: the local cloud's own command; `make` calls it for doctor and status."""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import asdict, replace

from contracts.errors import FourPartError
from local import doctor, faults, status
from local.engine.build import ensure_engine
from local.lifecycle import DEFAULT_STACK, ROOT, restart, running, start, state_of, stop
from local.logs import follow, log_of
from local.progress import Progress, fail
from local.services.chaos import get_chaos, set_chaos
from local.services.cloud import Cloud
from local.services.eventhubs.broker import BROKER
from local.turn import turn

INTERRUPTED = 130


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
    except KeyboardInterrupt:
        return INTERRUPTED
    except (OSError, sqlite3.Error) as error:
        told = faults.told(error, state_of(getattr(given, "stack", DEFAULT_STACK)))
        if told is None:
            raise
        return fail(told)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="local-cloud", description="Azure on one machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    stacked = argparse.ArgumentParser(add_help=False)
    stacked.add_argument("--stack", default=DEFAULT_STACK)
    commands.add_parser("doctor", parents=[stacked], help="what this machine lacks")
    commands.add_parser("up", parents=[stacked], help="start the services, and nothing else")
    commands.add_parser("down", parents=[stacked], help="stop the services and keep the state")
    commands.add_parser("status", parents=[stacked], help="what runs and what failed").add_argument("--json", action="store_true")
    one = commands.add_parser("restart", parents=[stacked], help="end one process and wait until it is back")
    one.add_argument("name")
    logs = commands.add_parser("logs", parents=[stacked], help="print a process's log")
    logs.add_argument("name")
    logs.add_argument("--follow", action="store_true", help="go on with what is written from now on, until ctrl-C")
    commands.add_parser("pulumi", parents=[stacked], help="the engine with its environment set: -- ARGS").add_argument(
        "rest", nargs="..."
    )
    commands.add_parser("run", parents=[stacked], help="a command with places and login set: -- COMMAND").add_argument(
        "rest", nargs="..."
    )
    setting = commands.add_parser("chaos", parents=[stacked], help="make Azure as unreliable as it may be")
    setting.add_argument("--duplicate", choices=("on", "off"))
    setting.add_argument("--delay-seconds", type=float)
    setting.add_argument("--reorder-seconds", type=float)
    setting.add_argument("--throttle", type=float, metavar="SHARE", help="0 to 1: requests refused with 429, by storage with 503")
    return parser


def _doctor(given: argparse.Namespace) -> int:
    return doctor.show(doctor.examine(ROOT, state_of(given.stack)))


def _up(given: argparse.Namespace) -> int:
    progress, state = Progress(), state_of(given.stack)
    with turn(state, "local-cloud up"):
        BROKER.ensure(progress)
        with progress.step("services") as step:
            start(state, step)
    return 0


def _down(given: argparse.Namespace) -> int:
    state = state_of(given.stack)
    if state.exists():
        with turn(state, "local-cloud down"):
            stop(state)
    return 0


def _restart(given: argparse.Namespace) -> int:
    state = _running(given.stack).state
    with turn(state, "local-cloud restart"), Progress().step(given.name) as step:
        restart(state, given.name, step)
    return 0


def _status(given: argparse.Namespace) -> int:
    report = status.report(_running(given.stack))
    if given.json:
        sys.stdout.write(json.dumps(asdict(report), indent=2) + "\n")
        return 0
    return status.show(report)


def _logs(given: argparse.Namespace) -> int:
    log = log_of(state_of(given.stack) / "logs", given.name)
    for text in follow(log) if given.follow else [log.read_text(errors="replace")]:
        sys.stdout.write(text)
        sys.stdout.flush()
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
    before = get_chaos(store)
    wanted = {name: value for name, value in vars(given).items() if name in asdict(before) and value is not None}
    if given.duplicate:
        wanted["duplicate"] = given.duplicate == "on"
    settings = replace(before, **wanted)
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
    "restart": _restart,
    "status": _status,
    "logs": _logs,
    "pulumi": _pulumi,
    "run": _run,
    "chaos": _chaos,
}

if __name__ == "__main__":
    sys.exit(main())
