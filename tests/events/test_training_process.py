"""The handler's command from registered features to the end of their training, with an Azure that counts jobs by itself."""

import pytest

from contracts.events import Hub
from events.inbox import token
from events.service import main as service_command
from events.status import read_status

pytestmark = pytest.mark.flow
COMPLETED, FAILED = Hub.TRAINING_RUN_COMPLETED, Hub.TRAINING_RUN_FAILED


def run_of(version, attempt=1):
    return token("features-registered", f"silver/features@{version}", attempt)


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


def trainings(found):
    return [(row["effect_key"].rpartition("@")[2], row["attempt"], row["ended"]) for row in found.trainings]


def test_one_version_is_trained_once_tried_again_once_and_other_runs_start_nothing(
    bus, azure, start, registered, run_event, counts
):
    jobs = azure.arm.jobs
    service = start(bus.connection.bootstrap)
    bus.put(Hub.FEATURE_REGISTRY, registered(1), [registered(1)], registered(1, identity="told-anew"))
    bus.put(Hub.FEATURE_REGISTRY, registered(2, source="/somebody/else"), registered(3, dataversion="silver/features@4"))
    counts(done=1, dead=2, duplicates=2)
    assert set(jobs) == {run_of(1)}

    bus.put(COMPLETED, run_event("experiment-of-a-person"), run_event("step", kind="azureml.StepRun", identity="c"))
    bus.put(
        FAILED, run_event("experiment-of-a-person", "Failed"), run_event("step", "Failed", kind="azureml.StepRun", identity="c")
    )
    told = run_event(run_of(1), "Failed", identity="x")
    bus.put(FAILED, told, told, run_event(run_of(1), "Failed", identity="y", capital=True))
    found = counts(done=2, ignored=2, unrouted=2, duplicates=4)
    assert set(jobs) == {run_of(1), run_of(1, attempt=2)}
    assert jobs[run_of(1, attempt=2)]["properties"]["tags"]["attempt"] == "2"
    assert trainings(found) == [("1", 2, ""), ("1", 1, f"training run {run_of(1)} ended as Failed; its logs say why")]

    bus.put(FAILED, run_event(run_of(1, attempt=2), "Failed", identity="z"))
    assert [row["attempt"] for row in counts(failed=1, ready=0).ended_badly if row["route"] == "features-registered"] == [2]
    bus.put(Hub.FEATURE_REGISTRY, registered(5))
    counts(ready=0, done=4)
    bus.put(COMPLETED, run_event(run_of(5), identity="w"))
    found = counts(done=5)
    assert trainings(found)[0] == ("5", 1, "completed")
    assert service.terminate() == 0
    assert set(jobs) == {run_of(1), run_of(1, attempt=2), run_of(5)}


def test_versions_that_come_late_wait_for_a_redrive_and_a_canceled_run_is_not_tried_again(
    bus, azure, start, registered, run_event, counts, tmp_path, monkeypatch
):
    service = start(bus.connection.bootstrap)
    bus.put(Hub.FEATURE_REGISTRY, registered(8))
    counts(done=1)
    bus.put(Hub.FEATURE_REGISTRY, registered(7))
    counts(done=1, ignored=1)
    bus.put(FAILED, run_event(run_of(8), "Canceled"))
    counts(done=2, ignored=1, failed=1, ready=0)
    assert set(azure.arm.jobs) == {run_of(8)}
    bus.put(Hub.FEATURE_REGISTRY, registered(9))
    counts(done=3, ready=0)
    monkeypatch.setenv("HANDLER_STATE", str(tmp_path))
    assert service_command(["redrive", "features-registered", "silver/features@7"]) == 0
    counts(done=4, ignored=0, ready=0)
    assert service.terminate() == 0
    assert set(azure.arm.jobs) == {run_of(8), run_of(9), run_of(7, attempt=2)}


def test_training_waits_until_the_pipeline_is_published_and_the_heartbeat_says_so(bus, azure, start, registered, until, counts):
    published, azure.arm.default = azure.arm.default, ""
    bus.put(Hub.FEATURE_REGISTRY, registered(1))
    service = start(bus.connection.bootstrap)
    until(lambda: any("batchEndpoints" in path for _, path in azure.arm.calls))
    until(lambda: counts(ready=1).retrying)
    [waiting] = counts(ready=1).retrying
    assert "batch endpoint train-demand has no default deployment; publish the training pipeline" in waiting["error"]
    azure.arm.default = published
    counts(done=1, ready=0, seconds=60)
    assert service.terminate() == 0
    assert set(azure.arm.jobs) == {run_of(1)}


def test_a_job_that_azure_refuses_for_good_is_a_dead_letter_and_can_be_redriven(
    bus, azure, start, registered, counts, tmp_path, monkeypatch
):
    azure.arm.answers.append((400, {}, {"error": {"code": "UserError", "message": "compute cpu is not there"}}))
    bus.put(Hub.FEATURE_REGISTRY, registered(1))
    service = start(bus.connection.bootstrap)
    [ended] = counts(dead=1).ended_badly
    assert "compute cpu is not there" in ended["error"]
    assert azure.arm.jobs == {}
    [(_, headers)] = bus.read(Hub.DEAD_LETTER, 1)
    assert (headers["route"], headers["effect_key"]) == ("features-registered", "silver/features@1")
    monkeypatch.setenv("HANDLER_STATE", str(tmp_path))
    assert service_command(["redrive", "features-registered", "silver/features@1"]) == 0
    counts(dead=0, done=1)
    assert service.terminate() == 0
    assert set(azure.arm.jobs) == {run_of(1, attempt=2)}


def test_a_kill_between_the_start_of_a_training_and_its_outcome_gives_one_job(
    bus, azure, start, registered, run_event, until, counts
):
    azure.arm.open.clear()
    bus.put(Hub.FEATURE_REGISTRY, registered(1))
    first = start(bus.connection.bootstrap)
    until(lambda: len(azure.arm.jobs) == 1)
    first.kill()
    azure.arm.open.set()
    bus.put(COMPLETED, run_event(run_of(1)))
    second = start(bus.connection.bootstrap)
    assert trainings(counts(done=2)) == [("1", 1, "completed")]
    assert second.terminate() == 0
    assert set(azure.arm.jobs) == {run_of(1)}
    assert [method for method, path in azure.arm.calls].count("PUT") == 1
