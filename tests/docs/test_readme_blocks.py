"""The README's commands are run, and what they print has the form that the README shows; figures may differ."""

import re
import shlex
import subprocess

import pytest

from tests.docs.blocks import PERSON, README, ROOT, TOUR, block_of, blocks_of, closing, masked, printed, shape

pytestmark = [pytest.mark.flow, pytest.mark.slow]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readme") / "home"
    person = {**PERSON, "LOCAL_CLOUD_HOME": str(folder)}
    yield person
    subprocess.run(["make", "down"], cwd=ROOT, env=person, check=True, capture_output=True)
    assert not folder.exists()


@pytest.mark.timeout(900)
def test_the_blocks_of_the_first_screen_are_what_the_commands_print(home):
    first = printed(home, "make", "up")
    assert shape(closing(first)) == shape(block_of(README, "stack "))
    (call,) = re.findall(r"^try\s+(curl .+)$", first, re.MULTILINE)
    assert '"model":"demand"' in printed(home, *shlex.split(call))
    why = subprocess.run(
        [".uv/bin/uv", "run", "--no-sync", "local-cloud", "run", "--", "make", "lineage", "STORE=6", "ITEM=7"],
        cwd=ROOT,
        env=home,
        check=True,
        text=True,
        capture_output=True,
    ).stdout
    assert shape(why) == shape(block_of(README, "6_7: "))
    again = printed(home, "make", "up")
    assert "skipped platform" in again
    assert re.search(r"^release\s+unchanged", again, re.MULTILINE)
    walk = [".uv/bin/uv", "run", "--no-sync", "local-cloud", "run", "--", "python", "-c", "".join(blocks_of(TOUR, "python"))]
    walked = subprocess.run(walk, cwd=ROOT, env=home, check=True, text=True, capture_output=True)
    assert masked(walked.stdout) == masked("".join(blocks_of(TOUR, "text")))
    demo = printed(home, "make", "demo", "SCENARIO=new-data")
    assert shape(closing(demo)) == shape(closing(block_of(README, "  done ")))
    assert re.search(r"^release\s+released", demo, re.MULTILINE)
