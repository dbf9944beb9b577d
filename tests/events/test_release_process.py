"""The handler's command from pushed images to runs of the release pipeline, with an Azure that counts runs by itself."""

import pytest

from contracts.events import Hub
from events.inbox import token
from events.service import main as service_command
from events.status import read_status
from tests.events.release import LABELS, REGISTRY

pytestmark = pytest.mark.flow
HUB = Hub.ARTIFACT_REGISTRY


@pytest.fixture
def counts(until, tmp_path):
    """Wait for figures in the heartbeat and return all of them."""

    def wait(seconds=20.0, **wanted):
        def held():
            status = read_status(tmp_path)
            return status is not None and all(getattr(status.counts, name) == value for name, value in wanted.items())

        until(held, seconds)
        status = read_status(tmp_path)
        assert status is not None
        return status.counts

    return wait


def digests(azure):
    return [run["digest"] for run in azure.devops.runs.values()]


def test_one_image_is_released_once_and_what_is_none_of_ours_starts_nothing(bus, azure, start, pushed, counts):
    azure.arm.models["demand", "3"] = {"role": "challenger"}
    azure.arm.models["demand", "2"] = {"role": "rejected"}
    image, rejected = azure.registry.push(), azure.registry.push({**LABELS, "mlops.model-version": "2"})
    bare = azure.registry.push(None)
    service = start(bus.connection.bootstrap)
    told = pushed(image, identity="a")
    bus.put(HUB, told, [told], pushed(image, identity="b", tag="latest"), pushed(image, identity="c", capital=True))
    bus.put(HUB, pushed(image, identity="d", repository="event-handler"), pushed(image, identity="e", source=f"{REGISTRY}2"))
    bus.put(HUB, pushed(rejected, identity="f"), pushed(bare, identity="g"))
    found = counts(done=1, ignored=1, dead=2, unrouted=1, duplicates=3, ready=0)
    assert service.terminate() == 0
    assert digests(azure) == [image]
    [run] = azure.devops.runs.values()
    assert run == {"digest": image, "causation": "a", "token": token("image-pushed", image, 1)}
    assert found.releases == [{"effect_key": image, "attempt": 1, "run_id": "41"}]
    reasons = {headers["reason"] for _, headers in bus.read(Hub.DEAD_LETTER, 2)}
    refused = "refused: the source is not the registry of this platform"
    assert reasons == {refused, f"image scoring@{bare} has no label mlops.model"}


def test_a_kill_between_start_and_answer_gives_one_run(bus, azure, start, pushed, counts, until):
    azure.arm.models["demand", "3"] = {"role": "champion"}
    image = azure.registry.push()
    azure.devops.open.clear()
    bus.put(HUB, pushed(image))
    first = start(bus.connection.bootstrap)
    until(lambda: len(azure.devops.runs) == 1)
    first.kill()
    azure.devops.open.set()
    second = start(bus.connection.bootstrap)
    counts(done=1, ready=0)
    assert second.terminate() == 0
    assert digests(azure) == [image]


def test_an_image_waits_for_the_pipeline_and_one_without_a_role_for_a_redrive(
    bus, azure, start, pushed, counts, until, tmp_path, monkeypatch
):
    azure.arm.models["demand", "3"] = {}
    image, pipelines = azure.registry.push(), azure.devops.pipelines
    azure.devops.pipelines = []
    bus.put(HUB, pushed(image))
    service = start(bus.connection.bootstrap)
    [ended] = counts(dead=1, ready=0).ended_badly
    assert "version 3 of model demand has the tag role=''" in ended["error"]
    azure.arm.models["demand", "3"] = {"role": "challenger"}
    monkeypatch.setenv("HANDLER_STATE", str(tmp_path))
    assert service_command(["redrive", "image-pushed", image]) == 0
    until(lambda: counts(dead=0, ready=1).retrying)
    assert "no pipelines named release; create it from azure-pipelines.yml" in counts(ready=1).retrying[0]["error"]
    azure.devops.pipelines = pipelines
    counts(done=1, ready=0, seconds=60)
    assert service.terminate() == 0
    assert digests(azure) == [image]
