"""Audits as the files that pipelines show."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from policy.audit.findings import Audit
from policy.audit.formats import FORMATS

AGENT = "TF_BUILD"
"""Set on every agent of Azure Pipelines."""
ENDINGS = {"junit": "junit.xml", "sarif": "sarif", "json": "json", "comment": "md"}


def write_results(audits: Sequence[Audit], folder: Path) -> None:
    """Write each audit as JUnit for the page of tests, SARIF for that of scans, JSON, and the text of a comment.

    On an agent of Azure Pipelines the comment is shown on the page of the run, too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for audit in audits:
        for form, ending in ENDINGS.items():
            file = folder / f"{audit.project}.{audit.stack}.{ending}"
            file.write_text(FORMATS[form](audit))
            if form == "comment" and AGENT in os.environ:
                # A logging command (learn.microsoft.com, Azure Pipelines, logging commands).
                sys.stderr.write(f"##vso[task.uploadsummary]{file.resolve()}\n")
