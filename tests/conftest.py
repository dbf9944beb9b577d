"""What holds for all tests: property tests take their time, whole stacks come first, slow tests end with their minutes."""

import os
import time
from typing import Any, override

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

from local.tests import SLOW_END

# They judge what code answers, never how fast a busy machine makes up its inputs.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

ALWAYS = (
    "tests/docs/test_readme_blocks",
    "tests/deployment/test_second_door",
    "tests/docs/test_orange_juice",
    "tests/infra/test_infra_on_the_engine",
)
"""Slow ones that come first, so that they run whatever the minutes: the README's two doors and its real panel, both stacks on the engine."""
PROGRAMS = ("tests/policy", "tests/infra", "tests/cost", "tests/release", "tests/deployment/test_preflight")
"""Tests that look at what the programs declare, which each worker asks once."""
STACKS = {
    "stack": ("arrival", "drills", "kills", "publication"),
    "live_stack": ("release", "training", "training_in_parts", "lost_container"),
}
"""Files of tests/flow that share a stack of the session, so one worker runs them, the live one's in this order."""
LONGEST = (*(f"tests/flow/test_{name}.py" for name in STACKS["live_stack"]), "tests/flow", *PROGRAMS)


class FilesTogether(LoadFileScheduling):
    """Gives a file to one worker, and files that share what takes long to the same."""

    @override
    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        for stack, names in STACKS.items():
            if file in {f"tests/flow/test_{name}.py" for name in names}:
                return stack
        return "programs" if file.startswith(PROGRAMS) and "on_the_engine" not in file else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FilesTogether:
    """Take this scheduler whatever `--dist` says."""
    return FilesTogether(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the files that take minutes, so that no worker is left alone with one at the end.

    Of the slow tests all but a few stay in their random order: where minutes end, other ones are left out each time.
    """
    first = ALWAYS if config.option.markexpr == "slow" else LONGEST
    items.sort(key=lambda item: next((rank for rank, start in enumerate(first) if item.nodeid.startswith(start)), len(first)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave a slow test out, by name, once the minutes given to them are over."""
    over = time.time() > float(os.environ.get(SLOW_END, "inf"))
    if over and item.get_closest_marker("slow") and not item.nodeid.startswith(ALWAYS):
        pytest.skip(f"{item.nodeid}: the minutes for slow tests are over; `python -m local.tests --slow` runs all")
