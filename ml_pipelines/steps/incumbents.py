"""What the registered model forecasts where a new one is judged: its stored artefact, or its recipe fitted again."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import FourPartError
from ml_pipelines.gate.evidence import Origin, Prediction
from ml_pipelines.registry import Registry, Tag, Version
from ml_pipelines.steps import measured, trained
from ml_pipelines.steps.measured import Points
from ml_pipelines.steps.prepared import Prepared
from ml_pipelines.steps.refit import load, refitted

WINDOWS_BACK = (1, 3, 4)
"""Cutoffs of a comparison of recipes, in judged windows before the panel's end: that of the judgement, and two that are older
than the window on which the ladder chose its rung."""


class RefitFailedError(FourPartError):
    """The registered model's recipe can't be fitted on the panel of today."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Standing:
    """The registered model's forecast of the judged window, and the origins when its recipe is another one."""

    forecast: Prediction
    same_recipe: bool
    origins: tuple[Origin, ...] = ()


def standing(registry: Registry, version: Version, facts: trained.Trained, folder: Path, challenger: Points) -> Standing:
    """Forecast with a registered version; `folder` is the step's `prepared`, `challenger` the judged window's point forecast.

    Raises:
        FilesMissingError: when the version's files are gone.
        RefitFailedError: when its recipe is another one and can't be fitted.
    """
    prepared = Prepared.load(folder)
    with tempfile.TemporaryDirectory() as scratch:
        files = registry.fetch(version, Path(scratch))
        if version.tags.get(Tag.RECIPE) == facts.recipe:
            return Standing(forecast=_stored(files, prepared, facts.cutoff), same_recipe=True)
        origins = _origins(version, files, facts, folder, challenger)
    return Standing(forecast=measured.without_bounds(origins[0].incumbent), same_recipe=False, origins=origins)


def _stored(files: Path, prepared: Prepared, cutoff: int) -> Prediction:
    from ml_pipelines.forecasting.artefact import load_artefact

    return load_artefact(files / trained.ARTEFACT).judged(prepared.panel, cutoff, prepared.facts.origins)


def _origins(version: Version, files: Path, facts: trained.Trained, folder: Path, challenger: Points) -> tuple[Origin, ...]:
    """Both recipes at each cutoff; the registered one in a process that runs its own sources.

    At the first the challenger is fitted already: it is the model that is judged.
    """
    prepared = Prepared.load(folder)
    periods = prepared.panel.periods
    cutoffs = [cutoff for back in WINDOWS_BACK if (cutoff := periods - back * prepared.window - facts.gap) > 0]
    theirs = _refitted_in_its_sources(version, files, folder, cutoffs)
    ours = [challenger, *refitted(prepared, facts.overrides, facts.rung, cutoffs[1:])]
    return tuple(
        Origin(y=prepared.actuals(cutoff), challenger=ours[index], incumbent=theirs[index])
        for index, cutoff in enumerate(cutoffs)
    )


def _refitted_in_its_sources(version: Version, files: Path, folder: Path, cutoffs: list[int]) -> list[Points]:
    before, code, out = trained.facts(files), files / "code", files / "refitted"
    with zipfile.ZipFile(files / trained.CODE) as archive:
        archive.extractall(code)
    chosen = [f"--cutoff={cutoff}" for cutoff in cutoffs]
    places = [f"--prepared={folder.absolute()}", f"--out={out.absolute()}"]
    command = [sys.executable, "-m", "ml_pipelines.steps.refit", *places, f"--rung={before.rung}", f"--recipe={before.overrides}"]
    done = subprocess.run([*command, *chosen], cwd=code, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise _refit_failed(version, done.stderr)
    return load(out, cutoffs)


def _refit_failed(version: Version, told: str) -> RefitFailedError:
    return RefitFailedError(
        "The registered model's recipe could not be fitted again, so a new recipe has nothing to be compared with.",
        given=f"{version.model} version {version.number}: {told.strip()[-500:]}",
        allowed="a recipe whose sources, kept with the version, run in today's environment on today's panel",
        remedy=f"Look at the reason; if it can't be helped, set the tag role=retired on version {version.number} and train again.",
    )
