"""`python -m deployment.judged [STACK ...]`: judge what both programs declare for the stacks; exit code 1 for a mandatory breach.

It runs within seconds and before anything else, as part of `make check`. The engine judges the same resources again in every preview.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from contracts.errors import FourPartError
from deployment.declared.programs import PLATFORM, RELEASE, whole
from deployment.judged.judging import findings
from policy.audit.findings import CATALOGUE, Audit
from policy.audit.formats import FORMATS
from policy.audit.results import write_results
from policy.rules.levels import DISABLED, levels, stacks

BROKEN, REFUSED = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge both projects in the stacks that are named, else in all that have levels."""
    parser = argparse.ArgumentParser(prog="python -m deployment.judged", description=__doc__)
    parser.add_argument("stacks", nargs="*", metavar="STACK", help=f"{', '.join(stacks())}; all when none is named")
    parser.add_argument(
        "--results", type=Path, metavar="FOLDER", help="where JUnit, SARIF, JSON and the text of a comment are written"
    )
    given = parser.parse_args(arguments)
    asked = given.stacks or stacks()
    if unknown := sorted(set(asked) - set(stacks())):
        parser.error(f"no stack has levels of rules under these names: {', '.join(unknown)}; there are {', '.join(stacks())}")
    projects, names = zip(*itertools.product((PLATFORM, RELEASE), asked), strict=True)
    try:
        with ThreadPoolExecutor(2) as pool:
            audits = list(pool.map(judged, projects, names))
    except FourPartError as error:
        sys.stderr.write(f"{error}\n")
        return REFUSED
    if given.results:
        write_results(audits, given.results)
    sys.stdout.writelines(FORMATS["table"](audit) for audit in audits)
    return BROKEN if any(audit.mandatory for audit in audits) else 0


def judged(project: str, stack: str) -> Audit:
    """What the rules say of a program's resources with the levels of a stack."""
    found = findings(whole(project, stack), stack)
    asked = sum(levels(stack)[rule].name != DISABLED for rule in CATALOGUE)
    return Audit(stack=stack, project=project, rules=asked, findings=found)


if __name__ == "__main__":
    sys.exit(main())
