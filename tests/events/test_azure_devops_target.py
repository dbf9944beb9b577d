"""What the Azure DevOps target asks for, how often it starts a run, and how it reads refusals."""

from contextlib import ExitStack, closing

import pytest
from azure.identity import DefaultAzureCredential

from events.errors import PoisonError, RetryableError
from events.targets import azure_devops
from events.targets.azure_devops import AzureDevOps

DIGEST = f"sha256:{'0a' * 32}"
TOKEN = "0123456789abcdef" * 2


@pytest.fixture
def target_at():
    with ExitStack() as opened:

        def begin(url):
            credential = opened.enter_context(DefaultAzureCredential())
            return opened.enter_context(closing(AzureDevOps(url, credential)))

        yield begin


@pytest.fixture
def target(azure, target_at):
    return target_at(f"{azure.url}/contoso/shop/")


def test_the_same_token_starts_one_run_with_the_image_and_the_cause(azure, target):
    assert target.release(DIGEST, TOKEN, "p-1") == target.release(DIGEST, TOKEN, "p-1") == "41"
    assert azure.devops.runs == {41: {"digest": DIGEST, "causation": "p-1", "token": TOKEN}}
    assert target.release(DIGEST, "f" * 32, "p-1") == "42"


def test_of_two_runs_with_one_token_the_first_is_the_answer(azure, target):
    azure.devops.runs = {number: {"token": TOKEN} for number in (41, 42)}
    assert target.release(DIGEST, TOKEN, "p-1") == "41"


def test_runs_of_other_tokens_and_those_that_people_started_are_nobodys(azure, target):
    azure.devops.runs = {41: {"token": "f" * 32}, 42: {"digest": DIGEST}, 43: None}
    assert target.release(DIGEST, TOKEN, "p-1") == "44"


def test_a_run_older_than_the_newest_that_are_looked_at_is_started_again(azure, target, monkeypatch):
    monkeypatch.setattr(azure_devops, "NEWEST", 1)
    assert [target.release(DIGEST, token, "p-1") for token in (TOKEN, "f" * 32, TOKEN)] == ["41", "42", "43"]
    assert [run["digest"] for run in azure.devops.runs.values()] == [DIGEST] * 3


@pytest.mark.parametrize("names", [[], ["Release"], ["release", "release"]])
def test_a_pipeline_that_is_not_there_once_may_be_later_and_the_text_says_how(azure, target, names):
    azure.devops.pipelines = [{"id": 7, "name": name} for name in names]
    told = f"has {'2' if len(names) == 2 else 'no'} pipelines named release; create it from azure-pipelines.yml"
    with pytest.raises(RetryableError, match=told):
        target.release(DIGEST, TOKEN, "p-1")
    assert azure.devops.runs == {}
    azure.devops.pipelines = [{"id": 7, "name": "release"}]
    assert target.release(DIGEST, TOKEN, "p-1") == "41"


def test_a_project_that_is_not_there_may_be_later(azure, target_at):
    assert azure.devops.runs == {}
    with pytest.raises(RetryableError, match="GET /contoso/other/_apis/build/definitions answered 404"):
        target_at(f"{azure.url}/contoso/other").release(DIGEST, TOKEN, "p-1")


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_run_refused_for_good_is_poison_and_says_what_the_service_said(azure, target, status):
    azure.devops.answers.append((status, {}, {"$id": "1", "message": "Unexpected parameter 'digest'"}))
    with pytest.raises(PoisonError, match=f"{status}: .*Unexpected parameter 'digest'"):
        target.release(DIGEST, TOKEN, "p-1")


@pytest.mark.parametrize("status", [203, 302, 404, 408, 429, 500, 503])
def test_a_run_that_may_start_later_is_tried_after_the_wait_that_the_service_asks_for(azure, target, status):
    azure.devops.answers.append((status, {"Retry-After": "17"}, {}))
    with pytest.raises(RetryableError) as caught:
        target.release(DIGEST, TOKEN, "p-1")
    assert caught.value.after == 17.0


@pytest.mark.parametrize("body", [b"<html>", [], {"id": "x"}, {}])
def test_an_answer_without_a_run_is_tried_again(azure, target, body):
    azure.devops.answers.append((200, {}, body))
    with pytest.raises(RetryableError):
        target.release(DIGEST, TOKEN, "p-1")


def test_a_service_that_is_gone_is_tried_again(target_at, azure, unused_port):
    assert azure.devops.runs == {}
    with pytest.raises(RetryableError, match="ConnectError"):
        target_at(f"https://127.0.0.1:{unused_port}/contoso/shop").release(DIGEST, TOKEN, "p-1")
