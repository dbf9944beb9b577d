"""A training whose image could not be built: the handler's next attempt fits nothing, builds it, and it goes live."""

import pytest

from infra.roles import BUILD, Place, Principal
from local.flow.training import wait_for_training
from local.flow.up import stand_up
from local.progress import Progress, Step
from local.services.machine_learning.runs import Runs, Status
from tests.flow.conftest import Stack, homed, small_panel, until
from tests.flow.releases import released, roles
from tests.flow.without_role import without

pytestmark = [pytest.mark.flow, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def stack(tmp_path):
    """A stack on which nothing was trained yet."""
    with homed(tmp_path / "home") as options:
        cloud, applied = stand_up(options, Progress())
        yield Stack(cloud=cloud, outputs=applied.outputs, folder=tmp_path)


def test_without_the_role_to_build_a_version_waits_for_the_next_attempt_which_brings_it_to_production(stack):
    runs = Runs(stack.cloud.store)

    def failed():
        return [run for run in runs.roots() if run.status is Status.FAILED]

    with without(stack, Principal.TRAINING, Place.REGISTRY, BUILD):
        features = stack.features_of(small_panel(stack.folder / "panel.parquet"))
        until("the first attempt fails", failed, 240)
    (first,) = failed()
    errors = {step.name: step.error for step in runs.children(first.run_id) if step.error}
    assert list(errors) == ["package"]
    assert "the roles of this identity on it" in errors["package"]
    found = wait_for_training(stack.cloud, features, Step("training"))
    assert found.decision["decision"] == "no_change"
    run, result = released(stack, found.event.data["runTags"]["image.digest"])
    assert (run.result, result["decision"]) == ("succeeded", "released")
    assert roles(stack) == {"1": "champion"}
