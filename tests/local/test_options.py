"""What `make up` refuses before anything starts."""

import pytest

from local.flow.options import DataMissingError, StackUnknownError, parse


def test_no_data_means_the_generated_panel():
    assert parse(["up"]).data == ""
    assert parse(["up", "--data", "orange-juice"]).data == "orange-juice"


def test_refuses_a_missing_file_and_says_what_may_stand_there(tmp_path):
    with pytest.raises(DataMissingError, match="No such file") as refusal:
        parse(["up", "--data", str(tmp_path / "nope.csv")])
    assert "orange-juice" in refusal.value.allowed


def test_refuses_a_folder(tmp_path):
    with pytest.raises(DataMissingError, match="directory"):
        parse(["up", "--data", str(tmp_path)])


def test_refuses_a_stack_without_a_stack_file():
    with pytest.raises(StackUnknownError) as refusal:
        parse(["up", "--stack", "staging"])
    assert refusal.value.allowed == "dev, prod"
