"""What `make up` refuses before anything starts."""

import os
import subprocess

import pytest

from local.flow.options import DataMissingError, StackUnknownError, parse
from local.lifecycle import ROOT


def test_no_data_means_the_generated_panel():
    assert parse(["up"]).data == ""
    assert parse(["up", "--data", "orange-juice"]).data == "orange-juice"


def test_refuses_a_missing_file_and_says_what_may_stand_there(tmp_path):
    with pytest.raises(DataMissingError, match="No such file") as refusal:
        parse(["up", "--data", str(tmp_path / "nope.csv")])
    assert "orange-juice" in refusal.value.allowed


def test_refuses_links_in_a_circle_and_opens_no_pipe(tmp_path):
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(DataMissingError, match="symbolic links"):
        parse(["up", "--data", str(tmp_path / "circle")])
    os.mkfifo(tmp_path / "pipe")
    assert parse(["up", "--data", str(tmp_path / "pipe")]).own_data


def test_tells_the_command_how_the_data_are_read():
    assert parse(["up"]).reading == []
    given = ["--columns", "date=ds,store=", "--negative", "zero"]
    assert parse(["up", *given]).reading == ["--columns=date=ds,store=", "--negative=zero"]


@pytest.mark.parametrize(
    ("words", "told"), [([], "--columns ''"), (["COLUMNS=date=day,sales=units"], "--columns 'date=day,sales=units'")]
)
def test_make_passes_on_columns_that_are_given_and_never_the_width_of_a_terminal(words, told):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")} | {"COLUMNS": "200"}
    command = ["make", "-n", "up", "DATA=sales.csv", *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    assert f"up --stack 'dev' --data 'sales.csv' {told}" in done.stdout


def test_refuses_a_stack_without_a_stack_file():
    with pytest.raises(StackUnknownError) as refusal:
        parse(["up", "--stack", "staging"])
    assert refusal.value.allowed == "dev, prod"
