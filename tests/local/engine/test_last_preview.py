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
    last = LastPreview(pulumi=shop.pulumi, sources=(shop.project, lock))
    shop.pulumi.up()
    assert not last.holds()
    last.keep()
    assert last.holds()
    files = (lock, shop.project / "__main__.py", shop.pulumi.workspace.stack_file, shop.pulumi.workspace.checkpoint)
    for file in files:
        before = file.read_bytes()
        file.write_bytes(before + b"\n")
        assert not last.holds(), file
        file.write_bytes(before)
        assert last.holds(), file
    new = shop.project / "rules.json"
    new.write_text("{}")
    assert not last.holds()
    new.unlink()
    assert last.holds()
    shop.pulumi.destroy()
    assert not last.holds()
