"""`python -m deployment.judged`: judge what both programs declare for every stack; exit code 1 for a mandatory breach.

It runs within seconds and before anything else, as part of `make check`. The engine judges the same resources again in every preview.
"""

from __future__ import annotations

import itertools
import sys
from concurrent.futures import ThreadPoolExecutor

from contracts.errors import FourPartError
from deployment.judged.judging import findings
from deployment.judged.programs import PLATFORM, RELEASE, program
from policy.audit.findings import CATALOGUE, Audit
from policy.audit.formats import FORMATS
from policy.rules.levels import DISABLED, levels, stacks

BROKEN, REFUSED = 1, 2


def main() -> int:
    """Judge both projects in every stack that has levels."""
    projects, names = zip(*itertools.product((PLATFORM, RELEASE), stacks()), strict=True)
    try:
        with ThreadPoolExecutor(2) as pool:
            audits = list(pool.map(judged, projects, names))
    except FourPartError as error:
        sys.stderr.write(f"{error}\n")
        return REFUSED
    sys.stdout.writelines(FORMATS["table"](audit) for audit in audits)
    return BROKEN if any(audit.mandatory for audit in audits) else 0


def judged(project: str, stack: str) -> Audit:
    """What the rules say of a program's resources with the levels of a stack."""
    found = findings(program(project, stack), stack)
    asked = sum(levels(stack)[rule].name != DISABLED for rule in CATALOGUE)
    return Audit(stack=stack, project=project, rules=asked, findings=found)


if __name__ == "__main__":
    sys.exit(main())
