"""Property tests judge what code answers, never how fast a busy machine makes up its inputs; whole stacks come first."""

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

LONGEST = ("tests/flow/test_release", "tests/flow/test_training", "tests/flow", "tests/release", "tests/deployment")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take minutes, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: next((rank for rank, start in enumerate(LONGEST) if item.nodeid.startswith(start)), len(LONGEST)))
