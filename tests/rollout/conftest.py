"""A project of both programs on the real engine, small enough to be applied in seconds."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.engine.build import ensure_engine
from local.engine.workspace import Workspace
from local.progress import Progress
from rollout.engine import ROOT, ReleaseStack

RELEASE_PROGRAM = """\
import pulumi

config = pulumi.Config()
for key in ("qaDigest", "blueDigest", "greenDigest", "active", "handlerDigest"):
    pulumi.export(key, config.require(key))
if config.require("qaDigest") == "bad":
    raise pulumi.RunError("the image does not start")
pulumi.export("qa_url", f"http://{config.require_object('scoring')['replicas']}")
"""


@dataclass(frozen=True, kw_only=True)
class Project:
    """Two programs in a folder, and the files that the engine may not touch."""

    stack: ReleaseStack
    root: Path

    def contents(self) -> dict[str, bytes]:
        """Every file of the folder, without what Python compiles for itself."""
        files = sorted(file for file in self.root.rglob("*") if file.is_file() and file.suffix != ".pyc")
        return {str(file.relative_to(self.root)): file.read_bytes() for file in files}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The release's own project and stack files around a program without resources."""
    root, state = tmp_path / "project", tmp_path / "state"
    (root / "release").mkdir(parents=True)
    shutil.copy(ROOT / "Pulumi.yaml", root)
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        shutil.copy(ROOT / "release" / name, root / "release")
    (root / "release" / "__main__.py").write_text(RELEASE_PROGRAM)
    engine = ensure_engine(Progress())
    workspace = Workspace(state=state, project=root / "release", stack="dev")
    workspace.prepare()
    for name, value in workspace.environment(engine, 1).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", f"{engine.binary.parent}:{engine.host_folder}", prepend=":")
    return Project(stack=ReleaseStack(stack="dev", root=root), root=root)
