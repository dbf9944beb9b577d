"""Go programs are built once, in a cache, or refused with what is missing."""

import shutil
import time
from pathlib import Path

import pytest

from local.gobuild import GoProgram, ProgramMissingError


@pytest.fixture
def program(tmp_path, monkeypatch):
    source = tmp_path / "source"
    source.mkdir()
    (source / "go.mod").write_text("module tiny\n\ngo 1.26\n")
    (source / "main.go").write_text('package main\n\nfunc main() { println("tiny") }\n')
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("GOFLAGS", "-buildvcs=false")
    return GoProgram(title="tiny program", binary="tiny", source=source, takes="a second")


def test_names_go_and_how_long_it_takes_when_there_is_none(program, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        ProgramMissingError, match=r"no `go` on PATH\n  allowed: Go 1\.26 or newer\n  do:      Install Go 1\.26.*a second"
    ):
        program.build()
    with pytest.raises(ProgramMissingError, match="is not built"):
        program.find()


def test_refuses_a_go_that_is_too_old_by_its_version(program, tmp_path, monkeypatch):
    old = tmp_path / "go"
    old.write_text("#!/bin/sh\necho go1.19.8\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{Path(shutil.which('sh') or '/bin/sh').parent}")
    with pytest.raises(ProgramMissingError, match=r"given:   go1\.19\.8"):
        program.build()


@pytest.mark.skipif(shutil.which("go") is None, reason="Go is not on this machine, so nothing can be built")
def test_builds_once_and_again_when_the_sources_change(program):
    first = program.build()
    made = first.stat().st_mtime_ns
    time.sleep(0.01)
    assert program.cached == first
    assert program.find().stat().st_mtime_ns == made
    (program.source / "main.go").write_text('package main\n\nfunc main() { println("other") }\n')
    assert program.cached is None
    assert program.build() != first


@pytest.mark.skipif(shutil.which("go") is None, reason="Go is not on this machine, so nothing can be built")
def test_a_build_that_fails_says_why_and_leaves_no_draft(program):
    (program.source / "main.go").write_text("package main\n\nfunc main() { nothing() }\n")
    with pytest.raises(ProgramMissingError, match="undefined: nothing"):
        program.build()
    assert list(program.place.parent.iterdir()) == []
