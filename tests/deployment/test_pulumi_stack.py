"""What a person sees whose shell lacks the engine, or the way to its state."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployment.pulumi_stack import EngineFailedError, EngineMissingError, PulumiStack
from local.engine.build import ensure_engine
from local.lifecycle import ROOT
from local.progress import Progress

STACK = PulumiStack(stack="dev", folder=ROOT, told="platform stack")


def test_without_an_engine_a_person_is_told_where_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineMissingError, match="local-cloud run") as caught:
        STACK.outputs()
    assert caught.value.given == f"PATH={tmp_path}"


@pytest.mark.flow
def test_without_a_way_to_the_state_a_person_is_told_which_variables_lead_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(ensure_engine(Progress()).binary.parent), prepend=":")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}/nowhere")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "none")
    with pytest.raises(EngineFailedError, match="make bootstrap") as caught:
        STACK.outputs()
    assert "nowhere" in caught.value.given
