"""What the Azure ML target asks for, how it finds the published pipeline, and how it reads refusals."""

import pytest
from azure.identity import DefaultAzureCredential

from contracts.events import DataVersion
from events.errors import PoisonError, RetryableError
from events.targets.machine_learning import MachineLearning, Places
from tests.events.arm import COMPONENT, WORKSPACE
from tests.events.release import REGISTRY

FEATURES = DataVersion(table="silver/features", version=3)
TAGS = {"route": "features-registered", "effect_key": "silver/features@3", "attempt": "1", "traceparent": ""}
TOKEN = "0123456789abcdef" * 2
SILVER = "abfss://silver@dlsmlopsforecastingdev.dfs.core.windows.net"
FORECASTS = "abfss://forecasts@stmlwmlopsdev.dfs.core.windows.net"


@pytest.fixture
def target_at(azure):
    assert azure.environment["IDENTITY_ENDPOINT"], "the credential below reads it"
    started = []

    def begin(metadata):
        places = Places(
            workspace_id=WORKSPACE, silver_url=SILVER, forecasts_url=FORECASTS, registry_id=REGISTRY, metadata_url=metadata
        )
        started.append(MachineLearning(places, DefaultAzureCredential()))
        return started[-1]

    yield begin
    for target in started:
        target.close()


@pytest.fixture
def target(azure, target_at):
    return target_at(f"{azure.url}/metadata/endpoints")


def test_a_training_is_the_published_component_on_the_features_at_their_version(azure, target):
    assert target.train(FEATURES, TOKEN, TAGS) == TOKEN
    assert azure.arm.jobs == {
        TOKEN: {
            "properties": {
                "jobType": "Pipeline",
                "componentId": COMPONENT,
                "experimentName": "demand",
                "displayName": "demand on silver/features@3",
                "tags": {"route": "features-registered", "effect_key": "silver/features@3", "attempt": "1"},
                "inputs": {
                    "features": {"jobInputType": "uri_folder", "mode": "Direct", "uri": f"{SILVER}/features"},
                    "delta_version": {"jobInputType": "literal", "value": "3"},
                    "forecasts_url": {"jobInputType": "literal", "value": FORECASTS},
                    "registry": {"jobInputType": "literal", "value": REGISTRY},
                },
                "settings": {"default_compute": f"{WORKSPACE}/computes/cpu"},
            }
        }
    }


def test_the_same_token_starts_one_job_even_when_nothing_is_published_any_more(azure, target):
    target.train(FEATURES, TOKEN, TAGS)
    azure.arm.default = ""
    assert target.train(FEATURES, TOKEN, TAGS) == TOKEN
    assert [method for method, _ in azure.arm.calls].count("PUT") == 1


def test_a_conflict_is_a_start_when_the_job_is_there_and_is_tried_again_when_it_is_not(azure, target, monkeypatch):
    conflict = (409, {}, {"error": {"code": "Conflict", "message": "A job with this name already exists."}})
    azure.arm.answers.append(conflict)
    with pytest.raises(RetryableError, match=f"GET .*/jobs/{TOKEN} answered 404"):
        target.train(FEATURES, TOKEN, TAGS)

    asked = []

    def twin_is_quicker(method, path, body=None):
        asked.append(method)
        if method == "PUT":
            azure.arm.jobs[TOKEN] = body
            return conflict
        return type(azure.arm).call(azure.arm, method, path, body)

    monkeypatch.setattr(azure.arm, "call", twin_is_quicker)
    assert target.train(FEATURES, TOKEN, TAGS) == TOKEN
    assert asked == ["GET", "GET", "GET", "PUT", "GET"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda arm: setattr(arm, "endpoint", False), "no batch endpoint train-demand"),
        (lambda arm: setattr(arm, "default", ""), "batch endpoint train-demand has no default deployment"),
        (lambda arm: arm.deployments.clear(), "deployment v0a1b2c3d4e5f, the default .* is not there"),
        (lambda arm: arm.deployments.update({arm.default: arm.deployment(component="")}), "names no component"),
        (lambda arm: arm.deployments.update({arm.default: arm.deployment(settings={})}), "no default_compute"),
    ],
)
def test_what_is_not_published_yet_may_be_later_and_the_text_says_how(azure, target, spoil, said):
    spoil(azure.arm)
    with pytest.raises(RetryableError, match=f"{said}.*publish the training pipeline"):
        target.train(FEATURES, TOKEN, TAGS)
    assert azure.arm.jobs == {}
    fresh = type(azure.arm)()
    azure.arm.endpoint, azure.arm.default, azure.arm.deployments = True, fresh.default, fresh.deployments
    assert target.train(FEATURES, TOKEN, TAGS) == TOKEN


def test_switching_the_default_switches_what_the_next_training_runs(azure, target):
    other = COMPONENT.replace("0a1b2c3d4e5f", "ffffffffffff")
    azure.arm.deployments["vffffffffffff"] = azure.arm.deployment(component=f"azureml:{other}")
    target.train(FEATURES, "1" * 32, TAGS)
    azure.arm.default = "vffffffffffff"
    target.train(FEATURES, "2" * 32, TAGS)
    assert [job["properties"]["componentId"] for job in azure.arm.jobs.values()] == [COMPONENT, other]


@pytest.mark.parametrize("compute", ["cpu", "azureml:cpu", f"{WORKSPACE}/computes/cpu", f"azureml:{WORKSPACE}/computes/cpu"])
def test_the_cluster_is_named_by_its_arm_id_and_settings_that_jobs_have_are_kept(azure, target, compute):
    settings = {"default_compute": compute, "force_rerun": "true", "experiment_name": "x"}
    azure.arm.deployments[azure.arm.default] = azure.arm.deployment(settings=settings)
    target.train(FEATURES, TOKEN, TAGS)
    wanted = {"default_compute": f"{WORKSPACE}/computes/cpu", "force_rerun": "true"}
    assert azure.arm.jobs[TOKEN]["properties"]["settings"] == wanted


def test_a_tag_is_no_longer_than_azure_takes(azure, target):
    target.train(FEATURES, TOKEN, {"causationid": "x" * 1000})
    assert azure.arm.jobs[TOKEN]["properties"]["tags"] == {"causationid": "x" * 256}


@pytest.mark.parametrize("status", [400, 401, 403, 422])
def test_a_job_refused_for_good_is_poison_and_says_what_the_service_said(azure, target, status):
    azure.arm.answers.append((status, {}, {"error": {"code": "UserError", "message": "no compute cpu"}}))
    with pytest.raises(PoisonError, match=f"{status}: .*no compute cpu"):
        target.train(FEATURES, TOKEN, TAGS)


@pytest.mark.parametrize("status", [302, 404, 408, 429, 500, 503])
def test_a_job_that_may_start_later_is_tried_after_the_wait_that_the_service_asks_for(azure, target, status):
    azure.arm.answers.append((status, {"Retry-After": "17"}, {}))
    with pytest.raises(RetryableError) as caught:
        target.train(FEATURES, TOKEN, TAGS)
    assert caught.value.after == 17.0


@pytest.mark.parametrize(
    "clouds",
    [
        [],
        {},
        [{"resourceManager": "https://management.example.org"}],
        [{"resourceManager": 7}, "x"],
        {"resourceManager": "http://HERE"},
    ],
)
def test_no_token_goes_to_a_resource_manager_outside_the_configured_host(azure, target, clouds):
    here = azure.url.removeprefix("https://")
    azure.arm.clouds = {"resourceManager": f"http://{here}"} if clouds == {"resourceManager": "http://HERE"} else clouds
    with pytest.raises(RetryableError, match="names no Resource Manager at its own host"):
        target.train(FEATURES, TOKEN, TAGS)
    assert azure.arm.calls == []


def test_a_cloud_that_tells_of_itself_alone_is_understood(azure, target):
    azure.arm.clouds = {"resourceManager": azure.url}
    assert target.train(FEATURES, TOKEN, TAGS) == TOKEN


@pytest.mark.parametrize("answer", [(503, {}, {}), (200, {}, b"<html>")])
def test_a_cloud_that_does_not_tell_its_addresses_is_asked_again(azure, target, monkeypatch, answer):
    monkeypatch.setattr(azure.arm, "metadata", lambda: answer)
    with pytest.raises(RetryableError, match="/metadata/endpoints"):
        target.train(FEATURES, TOKEN, TAGS)


def test_a_service_that_is_gone_is_tried_again(target_at, unused_port):
    with pytest.raises(RetryableError, match="ConnectError"):
        target_at(f"https://127.0.0.1:{unused_port}/metadata/endpoints").train(FEATURES, TOKEN, TAGS)


def test_the_role_of_a_version_is_its_tag_and_a_version_that_is_not_there_may_come(azure, target):
    azure.arm.models = {("demand", "3"): {"role": "challenger", "recipe": "x"}, ("demand", "4"): {}, ("demand", "5"): None}
    assert [target.role("demand", version) for version in "345"] == ["challenger", "", ""]
    with pytest.raises(RetryableError, match="no version 6 of model demand"):
        target.role("demand", "6")
