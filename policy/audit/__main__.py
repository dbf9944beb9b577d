"""`python -m policy.audit --stack STACK [STATE]`: judge what stands; exit code 1 for a mandatory breach, 2 for a bad call.

The state is the file that `pulumi stack export` writes; to judge it no login, no provider and no program is needed, only the
engine. Without a file, platform and release are exported from the backend that the engine is logged in to.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from contracts.errors import FourPartError
from policy.audit.findings import CATALOGUE, Audit
from policy.audit.formats import FORMATS
from policy.audit.results import write_results
from policy.audit.state import Project, judge
from policy.rules.levels import stacks

BROKEN, REFUSED = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge what is asked for, tell it, and write each form that is asked for."""
    given = _parser().parse_args(arguments)
    try:
        audits = [judge(given.state, given.stack)] if given.state else _standing(given.stack)
    except FourPartError as error:
        sys.stderr.write(f"{error}\n")
        return REFUSED
    if given.results:
        write_results(audits, given.results)
    sys.stdout.writelines(FORMATS[given.format](audit) for audit in audits)
    return BROKEN if any(audit.mandatory for audit in audits) else 0


def _standing(stack: str) -> list[Audit]:
    """Judge both projects as they stand; a release that was never made is told and left out."""
    audits: list[Audit] = []
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        for project in Project:
            file = Path(folder) / f"{project.name}.json"
            if project.export(stack, file):
                audits.append(judge(file, stack))
            else:
                sys.stderr.write(f"  skipped {project.name.lower():<11}nothing was released yet\n")
    return audits


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m policy.audit", description=f"Judges what stands by {len(CATALOGUE)} rules.")
    parser.add_argument("state", nargs="?", type=Path, help="what `pulumi stack export --file` wrote; else what stands")
    parser.add_argument("--stack", required=True, choices=stacks(), help="whose levels hold")
    parser.add_argument("--format", choices=FORMATS, default="table", help="what is printed")
    parser.add_argument("--results", type=Path, metavar="FOLDER", help="where each form is written to")
    return parser


if __name__ == "__main__":
    sys.exit(main())
