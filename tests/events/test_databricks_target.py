"""What the Databricks target asks for, and how it reads refusals."""

import email.utils
import time

import pytest
from azure.identity import DefaultAzureCredential

from contracts.events import DataVersion
from events.errors import PoisonError, RetryableError, SettingError
from events.targets.databricks import Databricks

SALES = DataVersion(table="bronze/sales", version=3)
CAUSE = {"causation": "e-1", "traceparent": ""}


@pytest.fixture
def databricks(azure):
    with DefaultAzureCredential() as credential:
        target = Databricks(azure.url, credential)
        yield target
        target.close()


def test_the_same_token_starts_one_run_with_the_job_parameters(azure, databricks):
    assert databricks.prepare(SALES, "t" * 32, CAUSE) == databricks.prepare(SALES, "t" * 32, CAUSE) == "101"
    assert azure.effects == {"t" * 32: 101}
    assert azure.parameters[101] == {"table": "bronze/sales", "version": "3", **CAUSE}


def test_a_missing_job_may_come_back_and_two_of_one_name_are_told(azure, databricks):
    azure.jobs *= 2
    with pytest.raises(RetryableError, match="2 jobs named prepare-dataset"):
        databricks.prepare(SALES, "t", CAUSE)
    azure.jobs.clear()
    with pytest.raises(RetryableError, match="no jobs named prepare-dataset"):
        databricks.prepare(SALES, "t", CAUSE)
    assert azure.calls == []


@pytest.mark.parametrize("status", [400, 401, 403, 409, 422])
def test_a_request_refused_for_good_is_poison_and_says_what_the_service_said(azure, databricks, status):
    azure.answers.append((status, {}, {"error_code": "INVALID_PARAMETER_VALUE", "message": "no such parameter"}))
    with pytest.raises(PoisonError, match=f"{status}: .*no such parameter"):
        databricks.prepare(SALES, "t", CAUSE)


@pytest.mark.parametrize("status", [302, 404, 408, 429, 500, 503])
def test_what_may_pass_is_tried_again(azure, databricks, status):
    azure.answers.append((status, {"Retry-After": "17"}, {}))
    with pytest.raises(RetryableError) as caught:
        databricks.prepare(SALES, "t", CAUSE)
    assert caught.value.after == 17.0


def test_retry_after_may_be_a_date_or_nonsense(azure, databricks):
    for text, least, most in ((email.utils.formatdate(time.time() + 60, usegmt=True), 50, 61), ("soon", 0, 0)):
        azure.answers.append((503, {"Retry-After": text}, {}))
        with pytest.raises(RetryableError) as caught:
            databricks.prepare(SALES, "t", CAUSE)
        assert least <= caught.value.after <= most


@pytest.mark.parametrize("body", [b"<html>", [], {"run": 1}])
def test_an_answer_without_a_run_id_is_tried_again(azure, databricks, body):
    azure.answers.append((200, {}, body))
    with pytest.raises(RetryableError):
        databricks.prepare(SALES, "t", CAUSE)


def test_a_service_that_is_gone_or_gives_no_token_is_tried_again(azure, databricks, monkeypatch, unused_port):
    with DefaultAzureCredential() as credential:
        gone = Databricks(f"https://127.0.0.1:{unused_port}", credential)
        with pytest.raises(RetryableError, match="ConnectError"):
            gone.prepare(SALES, "t", CAUSE)
        gone.close()
    monkeypatch.setattr(azure, "get", lambda *_: (400, {}, {"error": "invalid_request"}))
    with pytest.raises(RetryableError, match="no token for Databricks"):
        databricks.prepare(SALES, "t", CAUSE)


@pytest.mark.parametrize(
    "host",
    ["", "http://adb-1.azuredatabricks.net", "adb-1.azuredatabricks.net", "https://a@b.net", "https://a.net/x", "https://"],
)
def test_refuses_a_host_that_is_no_plain_https_address(host):
    with DefaultAzureCredential() as credential, pytest.raises(SettingError, match="DATABRICKS_HOST"):
        Databricks(host, credential)
