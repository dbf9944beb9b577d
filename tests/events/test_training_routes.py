"""Which events start training, which tell of its end, and which are refused or left alone."""

import pytest
from hypothesis import given, strategies as st

from contracts.events import Event, Hub
from events.errors import RefusedError
from events.inbox import token
from events.routes import Ending, Work, route_of
from events.training_routes import Workspace, features_registered, training_completed, training_failed
from tests.events.arm import WORKSPACE


class Trainer:
    """Notes what it is asked to start."""

    def __init__(self):
        self.started = []

    def train(self, version, token, tags):
        self.started.append((str(version), token, tags))
        return token


def table_of(trainer, attempts=2):
    workspace = Workspace(arm_id=WORKSPACE, attempts=attempts)
    return (features_registered(trainer), training_completed(workspace), training_failed(workspace))


TABLE = table_of(Trainer())


def routed(hub, body):
    found = route_of(TABLE, hub, Event.of(body))
    return None if found is None else (found[0].name, found[1])


def ending_of(hub, body, attempts=2):
    event = Event.of(body)
    found = route_of(table_of(Trainer(), attempts), hub, event)
    assert found is not None
    route, key = found
    return route.act(Work(event=event, effect_key=key, attempt=1, token=token(route.name, key, 1))).ending


def test_registered_features_start_the_training_on_their_version_with_the_cause_as_tags(registered):
    trainer = Trainer()
    event = Event.of(registered(version=3, identity="f", traceparent="00-1-2-01"))
    found = route_of(table_of(trainer), Hub.FEATURE_REGISTRY, event)
    assert found is not None
    route, key = found
    outcome = route.act(Work(event=event, effect_key=key, attempt=2, token=token(route.name, key, 2)))
    run_id = token("features-registered", "silver/features@3", 2)
    assert (outcome.state, outcome.run_id) == ("done", run_id)
    tags = {"route": "features-registered", "effect_key": "silver/features@3", "attempt": "2", "dataversion": "silver/features@3"}
    assert trainer.started == [("silver/features@3", run_id, {**tags, "causationid": "f", "traceparent": "00-1-2-01"})]


@pytest.mark.parametrize(
    "changed",
    [
        {"source": "/data-ops/other"},
        {"subject": "silver/panel@3"},
        {"subject": "silver/features"},
        {"subject": "silver/features@"},
        {"subject": "silver/features@-1"},
        {"subject": "silver/features@03"},
        {"subject": "silver/features@3 "},
        {"subject": "silver/../bronze/features@3"},
        {"subject": "silver/features@٣"},
        {"dataversion": "silver/features@4"},
    ],
)
def test_features_of_another_sender_table_or_version_are_refused(registered, changed):
    with pytest.raises(RefusedError):
        routed(Hub.FEATURE_REGISTRY, registered(version=3, **changed))


@given(st.text(max_size=40))
def test_only_a_version_of_the_features_table_ever_starts_training(subject):
    event = Event(type="mlops.features.registered", source="/data-ops/prepare-dataset", subject=subject, id="i", time="")
    try:
        assert route_of(TABLE, Hub.FEATURE_REGISTRY, event) is not None
        assert subject == f"silver/features@{int(subject.rpartition('@')[2])}"
    except RefusedError:
        pass


@given(st.sampled_from([hub for hub in Hub if hub != Hub.FEATURE_REGISTRY]))
def test_no_other_hub_and_no_other_type_starts_training(hub):
    body = {"type": "mlops.features.registered", "source": "/data-ops/prepare-dataset", "id": "i", "subject": "silver/features@3"}
    with pytest.raises(RefusedError, match="came through hub"):
        routed(hub, body)


@pytest.mark.parametrize("capital", [False, True])
def test_both_spellings_of_the_keys_name_the_run(run_event, capital):
    completed, failed = run_event("r", capital=capital), run_event("r", "Failed", capital=capital)
    assert routed(Hub.TRAINING_RUN_COMPLETED, completed) == ("training-completed", "r")
    assert routed(Hub.TRAINING_RUN_FAILED, failed) == ("training-failed", "r")


def test_a_key_in_two_spellings_that_differ_is_refused(run_event):
    event = run_event("r", "Failed")
    event["data"]["RunId"] = "r"
    assert routed(Hub.TRAINING_RUN_FAILED, event) is not None
    event["data"]["RunId"] = "s"
    with pytest.raises(RefusedError, match="runId twice"):
        routed(Hub.TRAINING_RUN_FAILED, event)


@pytest.mark.parametrize("kind", ["azureml.StepRun", "azureml.scriptrun", ""])
def test_runs_of_steps_and_runs_of_other_kinds_are_left_alone(run_event, kind):
    assert routed(Hub.TRAINING_RUN_COMPLETED, run_event("r", kind=kind)) is None
    assert routed(Hub.TRAINING_RUN_FAILED, run_event("r", "Failed", kind=kind)) is None


@pytest.mark.parametrize("status", ["Running", "Queued", "Completed", "Finalizing"])
def test_a_run_that_has_not_ended_badly_is_left_alone(run_event, status):
    assert routed(Hub.TRAINING_RUN_FAILED, run_event("r", status)) is None


@pytest.mark.parametrize(("status", "hub"), [("Failed", Hub.TRAINING_RUN_FAILED), ("", Hub.TRAINING_RUN_COMPLETED)])
def test_a_run_of_another_workspace_and_a_run_without_a_name_are_refused(run_event, status, hub):
    assert routed(hub, run_event("r", status, source=WORKSPACE.upper())) is not None
    with pytest.raises(RefusedError, match="source"):
        routed(hub, run_event("r", status, source=f"{WORKSPACE}2"))
    with pytest.raises(RefusedError, match="names no run"):
        routed(hub, run_event("", status))


@pytest.mark.parametrize(("status", "attempts"), [("Failed", 3), ("failed", 3), ("Canceled", 1), ("canceled", 1)])
def test_a_failed_run_is_worth_another_attempt_and_a_canceled_one_is_not(run_event, status, attempts):
    ending = ending_of(Hub.TRAINING_RUN_FAILED, run_event("r", status), attempts=3)
    said = f"training run r ended as {status.capitalize()}; its logs say why"
    assert ending == Ending(route="features-registered", run_id="r", failure=said, attempts=attempts)


def test_a_completed_run_ends_its_training_without_a_failure(run_event):
    ending = ending_of(Hub.TRAINING_RUN_COMPLETED, run_event("r"))
    assert ending == Ending(route="features-registered", run_id="r")


def test_a_registered_model_is_counted_only():
    event = {
        "type": "Microsoft.MachineLearningServices.ModelRegistered",
        "source": WORKSPACE,
        "id": "m",
        "subject": "models/demand:1",
    }
    assert routed(Hub.MODEL_REGISTRY, event) is None
