"""Finding and building the engine, and the files it is given; no engine runs here."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from local.engine import build
from local.engine.build import ensure_engine, find_engine, pinned_version
from local.engine.events import EventLog, Outcome
from local.engine.workspace import StackUnknownError, Workspace
from local.gobuild import ProgramMissingError
from local.progress import Progress


def executable(file: Path, text: str = "#!/bin/sh\n") -> Path:
    """A program at this place."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)
    return file


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with an empty PATH and an empty cache."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def test_a_bare_machine_is_told_what_to_install(bare: Path) -> None:
    assert find_engine() is None
    with pytest.raises(ProgramMissingError) as caught:
        ensure_engine(Progress())
    assert "an official `pulumi` on PATH" in caught.value.allowed
    assert "minutes" in caught.value.remedy
    assert list(bare.glob("cache/**/*pulumi*")) == []


def test_a_built_engine_is_found_and_uses_the_environments_own_host(bare: Path) -> None:
    built = executable(build.program().place)
    executable(bare / "bin" / "pulumi")
    found = find_engine()
    assert found is not None
    assert (found.binary, found.host_folder) == (built, Path(sys.executable).parent)
    assert (found.host_folder / build.HOST).exists()


def test_an_official_engine_wins_only_with_its_own_host(bare: Path) -> None:
    official = executable(bare / "bin" / "pulumi")
    assert find_engine() is None
    executable(bare / "bin" / build.HOST)
    found = find_engine()
    assert found is not None
    assert (found.binary, found.host_folder) == (official, bare / "bin")


def test_the_pinned_version_is_that_of_the_module_file() -> None:
    assert f"pkg/v3 {pinned_version()}\n" in (build.SOURCE / "go.mod").read_text()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A project with a stack file that is encrypted by a vault."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (project / "Pulumi.dev.yaml").write_text("secretsprovider: azurekeyvault://x\nencryptedkey: AA==\nconfig:\n  shop:a: b\n")
    return Workspace(state=tmp_path / "state", project=project, stack="dev")


def test_the_copied_stack_file_has_another_secrets_provider_and_keeps_its_salt(workspace: Workspace) -> None:
    workspace.prepare()
    assert workspace.stack_file.read_text() == "config:\n  shop:a: b\n"
    with workspace.stack_file.open("a") as file:
        file.write("encryptionsalt: v1:abc\n")
    workspace.prepare()
    assert workspace.stack_file.read_text() == "config:\n  shop:a: b\nencryptionsalt: v1:abc\n"


def test_the_passphrase_is_made_once_and_for_the_owner_alone(workspace: Workspace) -> None:
    workspace.prepare()
    file = workspace.folder / "passphrase"
    first = file.read_text()
    workspace.prepare()
    assert file.read_text() == first
    assert len(first) >= 32
    assert file.stat().st_mode & 0o077 == 0


def test_an_unknown_stack_is_refused_with_the_known_ones(workspace: Workspace) -> None:
    other = Workspace(state=workspace.state, project=workspace.project, stack="test")
    with pytest.raises(StackUnknownError) as caught:
        other.prepare()
    assert (caught.value.given, caught.value.allowed) == ("test", "dev")
    assert not workspace.folder.exists()


def test_the_engines_environment_leaves_out_the_persons_own_settings(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PULUMI_ACCESS_TOKEN", "canary")
    environment = workspace.environment(build.Engine(binary=tmp_path / "pulumi", host_folder=tmp_path / "host"), 4711)
    assert "canary" not in environment.values()
    assert environment["PULUMI_DEBUG_PROVIDERS"] == "azure-native:4711,kubernetes:4711,azuredevops:4711"
    assert environment["PATH"].split(os.pathsep)[0] == str(tmp_path / "host")


EVENTS: list[dict[str, Any]] = [
    {"timestamp": 10, "resourcePreEvent": {"metadata": {"op": "create", "urn": "urn::a::t::lake", "type": "t"}}},
    {"timestamp": 12, "resOutputsEvent": {"metadata": {"op": "create", "urn": "urn::a::t::lake", "type": "t"}}},
    {"diagnosticEvent": {"severity": "error", "message": "<{%reset%}>no such group<{%reset%}>\n", "urn": "urn::a::t::lake"}},
    {"diagnosticEvent": {"severity": "info", "message": "hello"}},
    {"policyEvent": {"enforcementLevel": "mandatory", "policyName": "st-https", "message": "open", "resourceUrn": "u::lake"}},
    {"policyEvent": {"enforcementLevel": "advisory", "policyName": "tags", "message": "none", "resourceUrn": "u::lake"}},
    {"summaryEvent": {"resourceChanges": {"create": 1}}},
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 900), max_size=6))
def test_the_log_is_read_the_same_however_it_is_written(tmp_path: Path, cuts: list[int]) -> None:
    text = "".join(json.dumps(event) + "\n" for event in EVENTS)
    file, heard = tmp_path / "events", []
    file.write_text("")
    log = EventLog(file, heard.append)
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(text)], strict=True):
        with file.open("a") as out:
            out.write(text[start:end])
        log.read()
    told = [("lake", "running", 0.0, ""), ("lake", "created", 2.0, ""), ("lake", "warning", 0.0, "tags: none")]
    assert [(event.name, event.state, event.seconds, event.detail) for event in heard] == told
    assert log.problems == ["lake: no such group", "lake: st-https: open"]
    assert log.counts == {"create": 1}


@given(st.dictionaries(st.sampled_from(["same", "create", "update", "delete", "replace"]), st.integers(0, 9)))
def test_an_outcome_is_empty_when_nothing_but_same_is_counted(counts: dict[str, int]) -> None:
    assert Outcome(counts=counts, seconds=0).empty == (sum(counts.values()) == counts.get("same", 0))
