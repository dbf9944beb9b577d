"""A preview is left out only while the program, its settings, its packages and the engine's own state are as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local.engine.last_preview import LastPreview

pytestmark = pytest.mark.engine


def test_the_last_preview_holds_until_anything_that_it_depends_on_changes(shop: Any, tmp_path: Path) -> None:
    lock = tmp_path / "uv.lock"
    lock.write_text("one\n")

    def look() -> LastPreview:
        return LastPreview.of(shop.pulumi, (shop.project / "__main__.py", shop.project / "rules", lock))

    first = look()
    shop.pulumi.up()
    assert not first.holds()
    first.keep()
    shop.pulumi.init()  # which writes the engine's own copy of the stack's file anew
    assert look().holds()
    workspace = shop.pulumi.workspace
    for file in (lock, shop.project / "__main__.py", shop.project / workspace.stack_file.name, workspace.checkpoint):
        before = file.read_bytes()
        file.write_bytes(before + b"\n")
        assert not look().holds(), file
        file.write_bytes(before)
        assert look().holds(), file
    new = shop.project / "rules" / "levels.json"
    new.parent.mkdir()
    new.write_text("{}")
    assert not look().holds()
    new.unlink()
    assert look().holds()
    shop.pulumi.destroy()
    assert not look().holds()


def test_what_a_person_changes_while_the_engine_works_counts_as_new(shop: Any) -> None:
    program = shop.project / "__main__.py"
    begun = LastPreview.of(shop.pulumi, (program,))
    shop.pulumi.up()
    program.write_text(program.read_text() + "pulumi.export('more', 1)\n")
    begun.keep()
    assert not LastPreview.of(shop.pulumi, (program,)).holds()
