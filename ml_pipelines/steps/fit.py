"""Entry script of the parallel step `fit`: a mini batch is some files of the folder `parts`, each of which is fitted.

Azure ML loads this file by its path and not as a module of its package, calls `init` once in each worker process and `run`
for each mini batch, and counts the results of `run`: one for each file, or the mini batch has failed.
Source: learn.microsoft.com/azure/machine-learning/how-to-use-parallel-job-in-pipeline.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

PACKAGES = str(Path(__file__).resolve().parents[2])


def init() -> None:
    """Make the packages importable from which `run` takes what it does."""
    if PACKAGES not in sys.path:
        sys.path.insert(0, PACKAGES)


def run(mini_batch: Sequence[str]) -> list[str]:
    """Fit the parts in these files into the folder `--fitted`; the names of the files.

    Raises:
        FourPartError: when a recipe can't be used or asks for a device that is not there.
    """
    from ml_pipelines.steps.fitted_part import fit
    from ml_pipelines.steps.part import SUFFIX, Part

    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--fitted", type=Path, required=True)
    # Azure ML puts arguments of its own beside ours.
    given, _ = parser.parse_known_args()
    files = [Path(name) for name in mini_batch]
    for file in files:
        if file.suffix == SUFFIX:
            fit(Part.load(file), given.fitted)
    return [file.name for file in files]
