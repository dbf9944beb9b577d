"""The registry and the artifacts over plain requests: refusals, concurrency, documents of Resource Manager."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, strategies as st

from local.services.arm.errors import ArmError
from local.services.machine_learning.mlflow.artifacts import Artifacts
from local.services.machine_learning.mlflow.errors import MlflowError
from local.services.machine_learning.mlflow.filters import clauses


@pytest.fixture
def model(lab: Any) -> str:
    """A registered model without versions; its name."""
    name = f"model-{uuid.uuid4().hex[:8]}"
    assert lab.mlflow("POST", "registered-models/create", name=name)[0] == 200
    return name


def test_refuses_a_call_without_a_token(lab: Any) -> None:
    assert lab.ask("GET", f"{lab.api}/registered-models/search", token=False)[0] == 401


def test_gives_versions_registered_at_once_different_numbers_and_one_event_each(lab: Any, model: str) -> None:
    run_id = lab.run_with_artifact()

    def register(_: int) -> str:
        status, answer = lab.mlflow("POST", "model-versions/create", name=model, source=lab.source(run_id), run_id=run_id)
        assert status == 200
        return answer["model_version"]["version"]

    with ThreadPoolExecutor(8) as pool:
        numbers = sorted(pool.map(register, range(8)), key=int)
    assert numbers == [str(number) for number in range(1, 9)]
    told = [e["data"]["modelVersion"] for e in lab.events("ModelRegistered") if e["data"]["modelName"] == model]
    assert sorted(told, key=int) == numbers


def test_shows_a_version_and_its_tags_as_a_document(lab: Any, model: str) -> None:
    run_id, tags = lab.run_with_artifact(), [{"key": "role", "value": "challenger"}]
    lab.mlflow("POST", "model-versions/create", name=model, source=lab.source(run_id), tags=tags)
    path = f"{lab.workspace.arm_id}/models/{model}"
    status, version = lab.ask("GET", f"{path}/versions/1?api-version=2023-08-01-preview")
    assert (status, version["properties"]["tags"]) == (200, {"role": "challenger"})
    assert version["properties"]["jobName"] == run_id
    assert lab.ask("GET", path)[1]["properties"]["latestVersion"] == "1"
    assert [item["name"] for item in lab.ask("GET", f"{path}/versions")[1]["value"]] == ["1"]
    status, answer = lab.ask("GET", f"{path}/versions/2")
    assert (status, answer["error"]["code"]) == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    ("action", "values", "code"),
    [
        ("registered-models/create", {"name": "MODEL"}, "RESOURCE_ALREADY_EXISTS"),
        ("registered-models/create", {}, "INVALID_PARAMETER_VALUE"),
        ("model-versions/create", {"name": "absent", "source": "runs:/r/model"}, "RESOURCE_DOES_NOT_EXIST"),
        ("model-versions/create", {"name": "MODEL", "source": "runs:/r/model"}, "INVALID_PARAMETER_VALUE"),
        ("model-versions/create", {"name": "MODEL", "source": "https://elsewhere"}, "INVALID_PARAMETER_VALUE"),
        ("model-versions/set-tag", {"name": "MODEL", "version": "1", "key": "a"}, "RESOURCE_DOES_NOT_EXIST"),
        ("runs/set-tag", {"run_id": "absent", "key": "a"}, "RESOURCE_DOES_NOT_EXIST"),
    ],
)
def test_refuses_in_the_form_of_mlflow(lab: Any, model: str, action: str, values: dict[str, str], code: str) -> None:
    given_values = {key: model if value == "MODEL" else value for key, value in values.items()}
    status, answer = lab.mlflow("POST", action, **given_values)
    assert status in {400, 404}
    assert answer["error_code"] == code


def test_refuses_a_search_of_versions_by_tag(lab: Any) -> None:
    status, answer = lab.ask("GET", f"{lab.api}/model-versions/search?filter=tags.role%3D%27champion%27")
    assert (status, answer["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


def test_refuses_another_value_for_a_param(lab: Any) -> None:
    run_id = lab.job().run_id
    assert lab.mlflow("POST", "runs/log-parameter", run_id=run_id, key="p", value="1")[0] == 200
    assert lab.mlflow("POST", "runs/log-parameter", run_id=run_id, key="p", value="1")[0] == 200
    assert lab.mlflow("POST", "runs/log-parameter", run_id=run_id, key="p", value="2")[0] == 400


def test_a_client_does_not_end_the_run_of_a_job(lab: Any) -> None:
    run_id = lab.job().run_id
    _, answer = lab.mlflow("POST", "runs/update", run_id=run_id, status="FINISHED")
    assert answer["run_info"]["status"] == "RUNNING"


def test_refuses_an_artifact_address_with_a_changed_signature(lab: Any) -> None:
    run_id = lab.run_with_artifact()
    whole = Artifacts(lab.cloud).address(run_id, "model/x").removeprefix(lab.cloud.endpoints.url("arm"))
    path, _, query = whole.partition("?")
    assert lab.ask("GET", f"{path}?{query}x", token=False)[0] == 403
    assert lab.ask("GET", f"{path.removesuffix('x')}y?{query}", token=False)[0] == 403


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/passwd", "", "a\\b", "a\0b", "a/" + "n" * 300])
def test_refuses_an_artifact_path_that_leads_out(lab: Any, name: str) -> None:
    with pytest.raises(ArmError, match="Invalid artifact path"):
        Artifacts(lab.cloud).path("run", name)


@given(key=st.from_regex(r"[a-z]{1,8}", fullmatch=True), value=st.text().filter(lambda text: "'" not in text))
def test_reads_any_equality_back(key: str, value: str) -> None:
    (first, second) = clauses(f"tags.{key} = '{value}' and name != '{value}'")
    assert (first.group, first.key, first.value, first.equal) == ("tags", key, value, True)
    assert (second.group, second.key, second.equal) == ("", "name", False)


@pytest.mark.parametrize("text", ["metrics.m > 0.5", "name like 'x%'", "name = x", "a = 'b' or c = 'd'", "a = 'b' and"])
def test_refuses_a_filter_that_it_does_not_know(text: str) -> None:
    with pytest.raises(MlflowError, match="Invalid filter"):
        clauses(text)
