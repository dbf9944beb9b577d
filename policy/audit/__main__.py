"""`python -m policy.audit STATE --stack STACK`: judge an exported state; exit code 1 for a mandatory breach, 2 for a bad call.

The state is the file that `pulumi stack export` writes; no login, no provider and no program is needed, only the engine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from contracts.errors import FourPartError
from policy.audit.findings import CATALOGUE, Audit, read
from policy.audit.formats import FORMATS
from policy.audit.secrets import plain_secrets
from policy.rules.levels import DISABLED, FOLDER, levels, stacks

BROKEN, REFUSED = 1, 2
TAIL_LINES = 6


class AuditRefusedError(FourPartError):
    """A state that can't be judged."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge a state and write each form that is asked for."""
    given = _parser().parse_args(arguments)
    try:
        audit = judge(given.state, given.stack)
    except FourPartError as error:
        sys.stderr.write(f"{error}\n")
        return REFUSED
    for form in given.write:
        name, _, file = form.partition("=")
        Path(file).write_text(FORMATS[name](audit))
    sys.stdout.write(FORMATS[given.format](audit))
    return BROKEN if audit.mandatory else 0


def judge(file: Path, stack: str) -> Audit:
    """Let the engine judge an exported state with the levels of a stack, and look for secrets in clear.

    Raises:
        AuditRefusedError: there is no such file, it is no export, or the engine could not judge it.
    """
    state = _state(file)
    command = ["pulumi", "policy", "analyze", "--json", "--file", str(file.resolve()), "--policy-pack", str(FOLDER)]
    command += ["--policy-pack-config", str(FOLDER / f"config.{stack}.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the engine on PATH
    found = read(done.stdout.splitlines())
    if done.returncode and not any(one.level == "mandatory" for one in found):
        raise _refused("The engine could not judge the state.", "\n".join(done.stderr.strip().splitlines()[-TAIL_LINES:]))
    asked = sum(level.name != DISABLED for level in levels(stack).values())
    root = next((row["urn"] for row in state["deployment"].get("resources") or () if row["type"] == "pulumi:pulumi:Stack"), "")
    project = [*root.split("::"), ""][1] if root else ""
    return Audit(stack=stack, project=project, rules=asked + 1, findings=(*plain_secrets(state), *found))


def _state(file: Path) -> dict[str, Any]:
    try:
        state: dict[str, Any] = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise _refused("The state can't be read.", f"{file}: {error}") from error
    if not isinstance(state, dict) or not isinstance(state.get("deployment"), dict):
        raise _refused("The file is no exported state.", str(file))
    return state


def _refused(happened: str, given: str) -> AuditRefusedError:
    return AuditRefusedError(
        happened,
        given=given or "no diagnostics",
        allowed="the file that `pulumi stack export --file` writes, and `pulumi` on PATH",
        remedy="Export the stack again: pulumi stack export --stack STACK --file STATE.",
    )


def _form(text: str) -> str:
    name, _, file = text.partition("=")
    if name not in FORMATS or not file:
        raise argparse.ArgumentTypeError(f"{text}: FORM=FILE with one of {', '.join(FORMATS)}")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m policy.audit", description=f"Judges an exported state by {len(CATALOGUE)} rules."
    )
    parser.add_argument("state", type=Path, help="what `pulumi stack export --file` wrote")
    parser.add_argument("--stack", required=True, choices=stacks(), help="whose levels hold")
    parser.add_argument("--format", choices=FORMATS, default="table", help="what is printed")
    parser.add_argument("--write", type=_form, action="append", default=[], metavar="FORM=FILE", help="also written to a file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
