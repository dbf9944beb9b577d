"""The commands of the page on data are run, and print what stands there."""

import re
import shlex
from pathlib import Path

from data_ops.checks import REASONS
from data_ops.cli import main

PAGE = (Path(__file__).parents[2] / "docs" / "data.md").read_text()


def test_the_commands_print_what_the_page_shows(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"^```\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    printed = ""
    for line in block.splitlines():
        if line.startswith("data-ops "):
            main(shlex.split(line)[1:])
            said = capsys.readouterr()
            printed += f"{line}\n{said.out}{said.err}"
    assert printed == block


def test_every_reason_of_the_quarantine_is_on_the_page():
    assert [reason for reason in REASONS if f"`{reason}`" not in PAGE] == ["replaced"]
