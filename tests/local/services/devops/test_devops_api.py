"""What the API answers about pipeline, and builds, and what it refuses, in Azure DevOps' form."""

import pytest

from tests.access import accessed

DIGEST = f"sha256:{'0' * 64}"
TOKEN = "0123456789abcdef" * 2
START = "pipelines/1/runs?api-version=7.1"


@pytest.fixture
def refused(project):
    """The `typeKey` and the message of a refusal."""

    def ask(status, method, path, **request):
        body = project.call(method, path, status=status, **request)
        assert (body["$id"], body["innerException"], body["errorCode"]) == ("1", None, 0)
        assert body["typeName"].partition(",")[0].endswith(f".{body['typeKey']}")
        return body["typeKey"], body["message"]

    return ask


def test_the_pipeline_is_found_by_its_name_in_any_project(project):
    [by_name] = project.call("GET", "build/definitions?name=Release&api-version=7.1")["value"]
    [listed] = project.call("GET", "pipelines?api-version=7.1")["value"]
    assert (by_name["id"], by_name["name"]) == (listed["id"], listed["name"]) == (1, "release")
    assert project.call("GET", "pipelines/1?api-version=7.1") == listed
    assert project.call("GET", "build/definitions?name=rel&api-version=7.1") == {"count": 0, "value": []}


def test_a_run_is_a_build_with_its_parameters_and_its_requester(project):
    run_id = project.start(causation="e-1", token=TOKEN)
    project.wait(run_id)
    build, run = project.build(run_id), project.call("GET", f"pipelines/1/runs/{run_id}?api-version=7.1")
    assert build["templateParameters"] == run["templateParameters"] == {"digest": DIGEST, "causation": "e-1", "token": TOKEN}
    assert (build["status"], build["result"], run["state"], run["result"]) == ("completed", "succeeded", "completed", "succeeded")
    assert build["requestedFor"] == {"displayName": "deployer"}
    assert build["queueTime"] <= build["startTime"] <= build["finishTime"]
    assert project.call("GET", "pipelines/1/runs?api-version=7.1")["value"] == [run]
    assert project.call("GET", "build/builds?definitions=1&api-version=7.1")["value"] == [build]
    assert project.call("GET", "build/builds?definitions=2&api-version=7.1")["count"] == 0


def test_the_newest_builds_come_first_and_a_filter_of_states_and_a_limit_hold(project, tools):
    tools.plan(seconds=60)
    ids = [project.start() for _ in range(3)]
    project.wait(ids[0], "inProgress")

    def listed(query):
        return [build["id"] for build in project.call("GET", f"build/builds?{query}&api-version=7.1")["value"]]

    assert listed("$top=2") == listed("queryOrder=queueTimeDescending&$top=2") == [ids[2], ids[1]]
    assert listed("statusFilter=notStarted") == [ids[2], ids[1]]
    assert listed("statusFilter=inProgress,completed") == [ids[0]]


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({}, "A value for the 'digest' parameter must be provided."),
        ({"digest": DIGEST, "stack": "prod"}, "Unexpected parameter 'stack'"),
        ({"digest": f"{DIGEST}'; rm -rf /"}, "is not a valid value"),
        ({"digest": 7}, "not text by name"),
        (["digest"], "not text by name"),
    ],
)
def test_parameters_that_the_pipeline_does_not_take_are_refused_and_start_nothing(project, refused, tools, parameters, said):
    key, message = refused(400, "POST", START, json={"templateParameters": parameters})
    assert key == "PipelineValidationException"
    assert said in message
    assert project.call("GET", "build/builds?api-version=7.1")["count"] == 0
    assert tools.did() == []


def test_what_is_not_there_is_not_found(refused):
    assert refused(404, "GET", "build/builds/7?api-version=7.1") == (
        "BuildNotFoundException",
        "The requested build 7 could not be found.",
    )
    assert refused(404, "GET", "build/builds/x/timeline?api-version=7.1")[0] == "BuildNotFoundException"
    assert refused(404, "POST", "pipelines/2/runs?api-version=7.1", json={})[0] == "PipelineNotFoundException"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "build/builds?minTime=2026-01-01&api-version=7.1", None),
        ("GET", "build/builds?api-version=6.0", None),
        ("GET", "git/repositories?api-version=7.1", None),
        ("POST", START, {"previewRun": True}),
        ("POST", START, {"variables": {"a": {"value": "b"}}}),
    ],
)
def test_what_is_not_emulated_is_refused_by_name(refused, method, path, body):
    key, message = refused(501, method, path, **({"json": body} if body else {}))
    assert key == "NotImplementedException"
    assert "does not emulate" in message


def test_a_write_without_a_version_and_a_body_that_is_no_object_are_refused(refused):
    assert refused(400, "POST", "pipelines/1/runs", json={})[0] == "VssVersionNotSpecifiedException"
    for content in (b"{", b"[]"):
        assert refused(400, "POST", START, content=content)[0] == "VssPropertyValidationException"
    assert refused(400, "GET", "build/builds?$top=many&api-version=7.1")[0] == "VssPropertyValidationException"


def test_a_request_without_a_token_is_refused_and_logged(project, site):
    answer = project.http.get("/contoso/shop/_apis/pipelines?api-version=7.1")
    assert answer.status_code == 401
    assert answer.json()["typeKey"] == "UnauthorizedRequestException"
    assert answer.json()["message"].startswith("TF400813")
    project.start()
    expected = [("devops", "GET", 401, ""), ("devops", "POST", 200, "deployer")]
    seen = [(line["service"], line["method"], line["status"], line["principal"]) for line in accessed(site.cloud)]
    assert seen == expected
