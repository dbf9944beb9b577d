"""Each scenario on a live stack: the defence holds, what it says is shown is shown, and the stack is healthy after it."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contracts.events import DataVersion
from local.flow.loop import Standing
from local.flow.options import Options
from local.flow.platform import Applied, Outcome
from local.flow.scenarios.demo import demo
from local.flow.scenarios.scenario import Stage
from local.flow.scenarios.worse_model import default
from local.lifecycle import ROOT
from local.memory import PeakMemory
from local.progress import Progress
from local.services.chaos import Chaos, get_chaos
from local.services.machine_learning.runs import Runs
from tests.docs.blocks import TOUR, block_of, masked
from tests.flow.conftest import Stack, until
from tests.flow.releases import live

pytestmark = [pytest.mark.flow, pytest.mark.slow, pytest.mark.timeout(600)]

# A shell's background job starts with SIGINT ignored; ctrl-C is for one that does not.
DEMO = """
import runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = ["make", "demo", "--scenario", sys.argv[1]]
runpy.run_module("local.flow", run_name="__main__")
"""


def shown(name: str, capsys: pytest.CaptureFixture[str]) -> dict[str, list[str]]:
    """The block of a scenario that held, by the names of its lines."""
    capsys.readouterr()
    code = demo(Options(verb="demo", stack="dev", data="", columns="", scenario=name))
    printed = capsys.readouterr().out
    assert code == 0, printed
    lines: dict[str, list[str]] = {}
    last = ""
    for line in printed[printed.index("\nscenario ") :].strip().splitlines():
        last = line[:13].strip() or last
        lines.setdefault(last, []).append(line[13:])
    return lines


def can_be_seen(lines: dict[str, list[str]]) -> None:
    """Every command under `see` prints what it is said to show."""
    home = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    for line in lines["see"]:
        command, text = line.partition("  (")[0].split("  shows ")
        done = subprocess.run(["sh", "-c", command], cwd=ROOT, env=home, capture_output=True, text=True, check=False)
        assert text in done.stdout, f"{line}\n{done.stdout[-3000:]}{done.stderr[-1000:]}"


def stage(stack: Stack) -> Stage:
    applied = Applied(outcome=Outcome(counts={}, seconds=0, outputs_changed=False), resources=0, outputs=stack.outputs)
    options = Options(verb="demo", stack="dev", data="", columns="")
    standing = Standing(cloud=stack.cloud, applied=applied, options=options)
    return Stage(standing=standing, progress=Progress(), memory=PeakMemory(Path()))


def served(stack: Stack) -> dict[str, Any]:
    """What production is; a training that keeps the champion makes its forecasts anew from newer data, if there are any."""
    return {name: value for name, value in live(stack).items() if name != "data_version"}


def healthy(lines: dict[str, list[str]]) -> bool:
    return lines["healthy"][0].startswith("yes: ") and "held" in lines["scenario"][0]


def test_bad_data_is_refused_and_the_period_in_good_order_goes_through(own_stack, capsys):
    lines = shown("bad-data", capsys)
    assert healthy(lines)
    assert lines["before"] == lines["after"]
    assert len(own_stack.runs(DataVersion.parse(lines["arrived"][0].rpartition(" ")[2]))) == 1
    assert lines["counted"] == [f"{lines['counted'][0].split(',')[0]}, 0 Azure ML jobs, 0 releases started by it"]
    assert {"negative_sales", "bad_sales", "bad_date", "missing_key"} <= set(re.findall(r"\d+ (\w+)", lines["quarantine"][0]))
    can_be_seen(lines)


def test_a_worse_model_is_kept_out_the_publication_goes_back_and_new_data_goes_through_after_it(own_stack, capsys):
    before, good = served(own_stack), default(stage(own_stack))
    lines = shown("worse-model", capsys)
    assert healthy(lines)
    assert lines["stopped by"] == ["the gate, step compare: keep"]
    page = [(line[:13].strip(), line[13:]) for line in block_of(TOUR, "scenario").splitlines()]
    assert [line[:13].strip() for line in block_of(TOUR, "scenario").splitlines()] == list(lines)[: len(page)]
    assert [masked(text) for _, text in page[:1]] == [masked(lines["scenario"][0])]
    assert served(own_stack) == before
    assert default(stage(own_stack)) == good
    can_be_seen(lines)
    assert demo(Options(verb="demo", stack="dev", data="", columns="", scenario="new-data")) == 0


def test_events_delivered_twice_late_and_out_of_order_run_every_stage_once(own_stack, capsys):
    lines = shown("duplicate-events", capsys)
    assert healthy(lines)
    total, events = map(int, re.findall(r"(\d+) (?:deliveries|events)", lines["delivered"][0])[:2])
    assert total == 2 * events > 0
    assert get_chaos(own_stack.cloud.store) == Chaos()
    can_be_seen(lines)


def test_processes_killed_in_the_middle_come_back_and_the_loop_closes_once(own_stack, capsys):
    before = {name: own_stack.pid(name) for name in ("event-handler-0", "arm", "eventgrid", "kafka")}
    lines = shown("crash", capsys)
    assert healthy(lines)
    assert [line.split()[0] for line in lines["killed"]] == list(before)
    assert all(own_stack.pid(name) != pid for name, pid in before.items())
    can_be_seen(lines)


@pytest.mark.parametrize("name", ["worse-model", "duplicate-events"])
def test_after_ctrl_c_the_publication_is_the_good_one_and_event_grid_reliable(own_stack, name):
    good, cloud = default(stage(own_stack)), own_stack.cloud
    began = {
        "worse-model": lambda: default(stage(own_stack)) != good,
        "duplicate-events": lambda: get_chaos(cloud.store) != Chaos(),
    }
    running = subprocess.Popen([sys.executable, "-c", DEMO, name], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    until("the harm is done", began[name])
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert (running.returncode, "Interrupted" in said) == (130, True), said
    assert (default(stage(own_stack)), get_chaos(cloud.store)) == (good, Chaos())
    until("what was begun is over", lambda: not Runs(cloud.store).open(), 120)
