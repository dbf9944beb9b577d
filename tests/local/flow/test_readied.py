"""Commands that are begun ahead: they become what they are told to, and end when they are told nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.flow.commands import DATA_OPS, ML_PIPELINES, CommandFailedError
from local.flow.readied import readied
from local.services.cloud import Cloud


def test_a_command_begun_ahead_runs_with_its_arguments_and_the_others_end_with_nothing_done(tmp_path: Path) -> None:
    missing = tmp_path / "outputs.json"
    with readied(Cloud.open(tmp_path / "dev")) as commands:
        begun = dict(commands.processes)
        with pytest.raises(CommandFailedError, match=str(missing)):
            commands.run(DATA_OPS, ["publish", str(missing)])
    assert begun[DATA_OPS].returncode == 2
    assert begun[ML_PIPELINES].returncode == 0
