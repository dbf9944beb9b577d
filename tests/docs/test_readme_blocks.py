"""The README's commands are run, and what they print has the form that the README shows; figures may differ."""

import json
import os
import re
import shlex
import subprocess

import pytest

from tests.docs.blocks import README, ROOT, TOUR, block_of, blocks_of, closing, masked, shape

PERSON = {**{name: value for name, value in os.environ.items() if not name.startswith("MAKE")}, "NO_COLOR": "1"}
"""A person's environment: a `make` that this one may run in would add its own lines."""

pytestmark = [pytest.mark.flow, pytest.mark.slow]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readme") / "home"
    person = {**PERSON, "LOCAL_CLOUD_HOME": str(folder)}
    yield person
    subprocess.run(["make", "down"], cwd=ROOT, env=person, check=True, capture_output=True)
    assert not folder.exists()


def printed(home: dict[str, str], *command: str) -> str:
    """What a person reads: progress goes to standard error, the closing block to standard output."""
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(command, cwd=ROOT, env=home, check=False, text=True, **both)
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


@pytest.mark.timeout(900)
def test_the_blocks_of_the_first_screen_are_what_the_commands_print(home):
    first = printed(home, "make", "up")
    assert shape(closing(first)) == shape(block_of(README, "stack "))
    (call,) = re.findall(r"^try\s+(curl .+)$", first, re.MULTILINE)
    assert '"model":"demand"' in printed(home, *shlex.split(call))
    again = printed(home, "make", "up")
    assert "skipped platform" in again
    assert re.search(r"^release\s+unchanged", again, re.MULTILINE)
    walk = [".uv/bin/uv", "run", "--no-sync", "local-cloud", "run", "--", "python", "-c", "".join(blocks_of(TOUR, "python"))]
    walked = subprocess.run(walk, cwd=ROOT, env=home, check=True, text=True, capture_output=True)
    assert masked(walked.stdout) == masked("".join(blocks_of(TOUR, "text")))
    demo = printed(home, "make", "demo", "SCENARIO=new-data")
    assert shape(closing(demo)) == shape(closing(block_of(README, "  done ")))
    assert re.search(r"^release\s+released", demo, re.MULTILINE)


@pytest.mark.timeout(600)
def test_orange_juice_goes_live_with_a_model_that_beats_both_naives(tmp_path):
    home = {**PERSON, "LOCAL_CLOUD_HOME": str(tmp_path / "home")}
    try:
        told = printed(home, "make", "up", "DATA=orange-juice")
        assert re.search(r"^release\s+released", told, re.MULTILINE)
        metrics = json.loads((tmp_path / "home" / "dev" / "run.json").read_text())["metrics"]
        naives = [figures["wape"] for name, figures in metrics.items() if name.startswith("seasonal_naive_")]
        assert len(naives) == 2
        assert metrics["challenger"]["wape"] < min(naives)
    finally:
        subprocess.run(["make", "down"], cwd=ROOT, env=home, check=True, capture_output=True)


@pytest.mark.timeout(600)
def test_a_csv_file_with_columns_of_its_own_names_goes_live(tmp_path):
    file, home = tmp_path / "sales.csv", {**PERSON, "LOCAL_CLOUD_HOME": str(tmp_path / "home")}
    size = ["--stores", "2", "--items", "15", "--days", "400", "--seed", "5"]
    generate = [".uv/bin/uv", "run", "--no-sync", "data-ops", "generate", str(file), *size]
    subprocess.run(generate, cwd=ROOT, check=True, capture_output=True)
    text = file.read_text()
    file.write_text(text.replace('"date"', '"day"', 1).replace('"sales"', '"units"', 1))
    try:
        told = printed(home, "make", "up", f"DATA={file}", "COLUMNS=date=day,sales=units")
        assert re.search(r"^(release\s+released|decision\s+keep)", told, re.MULTILINE)
    finally:
        subprocess.run(["make", "down"], cwd=ROOT, env=home, check=True, capture_output=True)
