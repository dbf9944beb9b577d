"""Throttling on demand: what each service answers, and that the clients of the product get through."""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import httpx
import obstore
import pyarrow as pa
import pytest
from azure.core.rest import HttpRequest
from azure.identity import DefaultAzureCredential
from deltalake import DeltaTable, write_deltalake
from obstore.store import AzureStore

from data_ops.workspace import workspace
from events.errors import PoisonError, RetryableError
from events.targets.azure_devops import AzureDevOps
from images.acr_tasks import AcrTasks
from images.cloud import manager, plain
from images.registry import Registry
from local.services.chaos import Chaos, ShareError, set_chaos
from local.services.registry.models import ARM_TYPE
from local.tokens import SUBSCRIPTION
from tests.local.services.conftest import Site, make_site

pytestmark = [pytest.mark.flow, pytest.mark.filterwarnings("ignore:unclosed <ssl:ResourceWarning")]
SERVICES = ("identity", "blob", "databricks", "arm", "registry", "devops", "keyvault")
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-test"
REGISTRY = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/crtest"
OFTEN = Chaos(throttle=0.9)
"""All but every tenth request, and none twice: as hard as a client that goes on can be met."""


@pytest.fixture(scope="module")
def busy_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = make_site(tmp_path_factory.mktemp("busy") / "state")
    site.add(ARM_TYPE, REGISTRY, loginServer=f"127.0.0.1:{site.cloud.endpoints.registry}", location="westeurope")
    site.add("Microsoft.Databricks/workspaces", f"{GROUP}/providers/Microsoft.Databricks/workspaces/dbw-test")
    for name in SERVICES:
        site.start(name)
    yield site
    site.stop()


@pytest.fixture(autouse=True)
def connections() -> Iterator[None]:
    """Those by which some clients get their tokens are never closed; none is left for the tests of others."""
    yield
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        gc.collect()


@pytest.fixture
def throttle(busy_site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Chaos], Site]]:
    """Make this process a client of the site, which throttles as it is told."""
    for name, value in busy_site.environment().items():
        monkeypatch.setenv(name, value)

    def throttled(chaos: Chaos) -> Site:
        set_chaos(busy_site.cloud.store, chaos)
        return busy_site

    yield throttled
    set_chaos(busy_site.cloud.store, Chaos())


def ask(site: Site, service: str, path: str) -> httpx.Response:
    token, _ = site.cloud.tokens.issue(site.deployer, service)
    url = f"{site.cloud.endpoints.url(service)}{path}"
    return httpx.get(url, headers={"Authorization": f"Bearer {token}"}, verify=site.tls)


def refusal(body: Any) -> str:
    """The code of an error, wherever the service puts it."""
    inner = body.get("error") or (body.get("errors") or [body])[0]
    return str(inner.get("code") or inner.get("error_code") or inner.get("typeKey") or inner["statusCode"])


@pytest.mark.parametrize(
    ("service", "path", "code"),
    [
        ("arm", f"{GROUP}/resources", "SubscriptionRequestsThrottled"),
        ("arm", f"/mlflow/v2.0{GROUP}", "TooManyRequests"),
        ("databricks", "/api/2.2/jobs/list", "REQUEST_LIMIT_EXCEEDED"),
        ("devops", "/contoso/shop/_apis/pipelines", "RequestBlockedException"),
        ("registry", "/v2/", "TOOMANYREQUESTS"),
    ],
)
def test_a_throttled_request_is_refused_in_the_services_form_with_the_time_to_wait(throttle, service, path, code):
    answer = ask(throttle(Chaos(throttle=1.0)), service, path)
    assert (answer.status_code, answer.headers["retry-after"], refusal(answer.json())) == (429, "1", code)


def test_storage_vaults_and_the_source_of_tokens_name_no_time_to_wait(throttle):
    site = throttle(Chaos(throttle=1.0))
    for service, path in (("blob", "/lake/silver/x"), ("arm", "/buildsources/source/x")):
        answer = ask(site, service, path)
        assert (answer.status_code, answer.headers["x-ms-error-code"]) == (503, "ServerBusy")
        assert "retry-after" not in answer.headers
        assert "<Code>ServerBusy</Code><Message>The server is currently unable to receive requests." in answer.text
    for service, path, code in (("identity", "/msi/token", "429"), ("keyvault", "/kv/certificates/site", "Throttled")):
        answer = ask(site, service, path)
        assert (answer.status_code, refusal(answer.json()), "retry-after" in answer.headers) == (429, code, False)


def test_the_share_is_held_and_no_request_is_refused_twice_in_a_row(throttle):
    site = throttle(Chaos(throttle=0.25))
    seen = [ask(site, "blob", f"/lake/silver/{number}").status_code for number in range(40)]
    assert seen.count(503) in {10, 11}  # what was asked before counts, too
    throttle(OFTEN)
    again = [ask(site, "blob", "/lake/silver/same").status_code == 503 for _ in range(9)]
    assert any(again)
    assert not any(one and other for one, other in pairwise(again))


def test_health_is_never_refused_and_neither_are_azures_own_agents(throttle):
    site = throttle(Chaos(throttle=1.0))
    assert all(ask(site, service, "/health").is_success for service in SERVICES)
    url = f"{site.cloud.endpoints.url('registry')}/v2/"
    assert httpx.get(url, headers={"User-Agent": "containerd"}, verify=site.tls).status_code == 401


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ShareError, match="0 to 1"):
        Chaos(throttle=share)


def test_tables_and_files_of_the_lake_get_through_with_their_tokens(throttle):
    throttle(OFTEN)
    root = "abfss://bronze@lake.dfs.core.windows.net"
    for number in range(3):
        write_deltalake(f"{root}/busy", pa.table({"n": [number]}), mode="append")
    assert DeltaTable(f"{root}/busy").to_pyarrow_table().num_rows == 3
    store = AzureStore.from_url(root)
    obstore.put(store, "busy.txt", b"x" * 3_000_000)
    assert len(obstore.get(store, "busy.txt").bytes()) == 3_000_000


def test_builds_and_images_get_through(throttle):
    site = throttle(OFTEN)
    arm = manager(os.environ)
    assert arm == site.cloud.endpoints.url("arm")
    with DefaultAzureCredential() as login:
        tasks = AcrTasks(REGISTRY, login, arm)
        address = tasks._client.registries.get_build_source_upload_url("rg-test", "crtest").upload_url  # noqa: SLF001
        with plain() as client:
            headers = {"x-ms-blob-type": "BlockBlob"}
            client.send_request(HttpRequest("PUT", str(address), headers=headers, content=b"context")).raise_for_status()
        assert [*tasks._client.runs.list("rg-test", "crtest")] == []  # noqa: SLF001
        tasks.close()
        for _ in range(2):
            assert Registry(f"127.0.0.1:{site.cloud.endpoints.registry}", login).find("demand", "1") is None


def test_jobs_of_databricks_get_through(throttle):
    site = throttle(OFTEN)

    def listed(name: str | None = None) -> list[Any]:
        return [*workspace(site.cloud.endpoints.url("databricks")).jobs.list(name=name)]

    assert listed() == listed("none") == []


def test_the_handler_is_told_how_long_azure_devops_wants_it_to_wait(throttle):
    site = throttle(Chaos())
    with DefaultAzureCredential() as login:
        target = AzureDevOps(f"{site.cloud.endpoints.url('devops')}/contoso/shop", login)
        with pytest.raises(PoisonError, match="'digest' parameter"):
            target.release("none", "token", "")
        throttle(Chaos(throttle=1.0))
        with pytest.raises(RetryableError, match=r"answered 429: .*RequestBlockedException") as told:
            target.release("none", "token", "")
        target.close()
    assert told.value.after == 1.0
