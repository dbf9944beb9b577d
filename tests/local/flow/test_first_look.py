"""The first look at the user's own data: told before anything starts, and the job's refusals come here already."""

import pytest

from local.flow.commands import CommandFailedError
from local.flow.first_look import first_look
from local.flow.options import Options

ROWS = "".join(f"2024-01-{day:02},a,{-day if day == 3 else day}\n" for day in range(1, 31))


def options(data: str, **more: str) -> Options:
    return Options(verb="up", stack="dev", data=data, **{"columns": "store=,item=sku", **more})


def test_own_data_are_told_and_refused_by_the_jobs_own_rules(tmp_path, capfd):
    file = tmp_path / "mine.csv"
    file.write_text(f"date,sku,sales\n{ROWS}")
    first_look(options(str(file), negative="zero"))
    told = capfd.readouterr().out
    assert "range        2024-01-01 to 2024-01-30" in told
    assert "returns      1 rows below zero count as no sale" in told
    file.write_text(f"date,sku,sales\n{ROWS.replace('2024-01-0', '2024.01.0')}")
    with pytest.raises(CommandFailedError, match=r"too many bad rows[\s\S]*9 of 30 rows \(9 bad_date\)[\s\S]*do: "):
        first_look(options(str(file)))
    assert "9 bad_date" in capfd.readouterr().out


@pytest.mark.parametrize("data", ["", "orange-juice"])
def test_panels_that_the_repository_makes_are_not_looked_at(data, capfd):
    first_look(options(data))
    assert capfd.readouterr().out == ""
