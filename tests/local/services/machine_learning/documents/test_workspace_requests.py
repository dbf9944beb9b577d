"""Requests to the workspace that no well-behaved client makes."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from local.services.arm import sas
from local.services.identity.models import DEPLOYER_PRINCIPAL
from local.services.machine_learning.documents.api import forget_deleted
from local.services.machine_learning.documents.models import Document, Documents
from local.services.machine_learning.documents.uploads import Uploads
from local.services.machine_learning.forgetting import forget_history
from local.services.machine_learning.mlflow.models import Registry
from local.services.machine_learning.runs import Run, RunKind, Runs, Status
from tests.local.services.machine_learning.documents.conftest import GROUP, WORKSPACE, Site

pytestmark = pytest.mark.flow


def ask(site: Site, method: str, path: str, *, token: bool = True, **more: Any) -> httpx.Response:
    issued, _ = site.cloud.tokens.issue(DEPLOYER_PRINCIPAL, "https://management.azure.com/")
    headers = {"Authorization": f"Bearer {issued}"} if token else {}
    with httpx.Client(verify=site.tls, base_url=site.cloud.endpoints.url("arm")) as client:
        return client.request(method, path, headers={**headers, **more.pop("headers", {})}, **more)


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def signed(site: Site, container: str, lifetime: int = 60) -> str:
    return sas.signed(site.cloud, f"/uploads/{container}", lifetime=lifetime)


def test_refuses_a_request_without_a_token(workspace_site: Site) -> None:
    assert code(ask(workspace_site, "GET", WORKSPACE, token=False)) == (401, "AuthenticationFailed")
    assert ask(workspace_site, "GET", "/metadata/endpoints", token=False).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "refusal", "named"),
    [
        ("GET", f"{GROUP}/providers/Microsoft.Web/sites/a", (501, "NotImplemented"), "Microsoft.Web/sites/a"),
        ("GET", f"{WORKSPACE}/onlineEndpoints", (501, "NotImplemented"), "onlineEndpoints"),
        ("PATCH", f"{WORKSPACE}/batchEndpoints/a", (501, "NotImplemented"), "batchEndpoints"),
        ("POST", f"{WORKSPACE}/batchEndpoints/a/jobs", (501, "NotImplemented"), "batchEndpoints/jobs"),
        ("PUT", f"{WORKSPACE}/computes/gpu", (405, "MethodNotAllowed"), "computes/gpu"),
        ("DELETE", WORKSPACE, (405, "MethodNotAllowed"), "mlw-test"),
        ("GET", f"{WORKSPACE}/computes/gpu", (404, "ResourceNotFound"), "computes/gpu"),
        ("GET", f"{WORKSPACE}/environments/none", (404, "ResourceNotFound"), "environments/none"),
        ("GET", f"{WORKSPACE}/batchEndpoints/none/deployments", (404, "ResourceNotFound"), "batchEndpoints/none"),
        ("GET", "/elsewhere", (404, "NotFound"), "GET /elsewhere"),
    ],
)
def test_refuses_by_name_what_is_not_there(
    workspace_site: Site, method: str, path: str, refusal: tuple[int, str], named: str
) -> None:
    response = ask(workspace_site, method, path)
    assert code(response) == refusal
    assert named in response.json()["error"]["message"]


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"properties": []}', b'{"properties": {"description": "no image"}}'])
def test_refuses_a_body_that_is_no_environment(workspace_site: Site, body: bytes) -> None:
    response = ask(workspace_site, "PUT", f"{WORKSPACE}/environments/bad/versions/1", content=body)
    assert code(response) == (400, "UserError")


def test_refuses_code_that_was_not_uploaded(workspace_site: Site) -> None:
    for address in (Uploads(workspace_site.cloud).url("none"), "https://example.com/code"):
        body = {"properties": {"codeUri": address}}
        response = ask(workspace_site, "PUT", f"{WORKSPACE}/codes/bad/versions/1", json=body)
        assert code(response) == (400, "UserError")


def test_takes_an_upload_with_its_signature_alone(workspace_site: Site) -> None:
    path = f"/uploads/mine/a.py?{signed(workspace_site, 'mine')}"
    assert ask(workspace_site, "PUT", path, token=False, content=b"x = 1\n").status_code == 201
    assert ask(workspace_site, "GET", path, token=False).content == b"x = 1\n"
    again = ask(workspace_site, "PUT", path, token=False, content=b"x = 2\n", headers={"If-None-Match": "*"})
    assert (again.status_code, again.headers["x-ms-error-code"]) == (409, "BlobAlreadyExists")


def test_refuses_an_upload_by_another_or_an_old_signature(workspace_site: Site) -> None:
    held = signed(workspace_site, "own")
    longer = held.replace("se=", "se=9")
    for query in ("", longer, signed(workspace_site, "other"), signed(workspace_site, "own", lifetime=-1)):
        response = ask(workspace_site, "PUT", f"/uploads/own/a.py?{query}", content=b"x")
        assert (response.status_code, response.headers["x-ms-error-code"]) == (403, "AuthenticationFailed")
    assert Uploads(workspace_site.cloud).files(Uploads(workspace_site.cloud).url("own")) == {}


@pytest.mark.parametrize("name", ["%2E%2E/%2E%2E/evil.py", "a/%2E%2E/%2E%2E/evil.py", "a//b.py", "%00"])
def test_refuses_an_upload_that_leaves_its_folder(workspace_site: Site, name: str) -> None:
    response = ask(workspace_site, "PUT", f"/uploads/out/{name}?{signed(workspace_site, 'out')}", content=b"x")
    assert (response.status_code, response.headers["x-ms-error-code"]) == (400, "UserError")
    assert not list(workspace_site.cloud.state.rglob("evil.py"))


def test_a_deleted_workspace_takes_its_documents_with_it(workspace_site: Site) -> None:
    cloud, gone = workspace_site.cloud, WORKSPACE.replace("mlw-test", "mlw-gone")
    workspace_site.add_workspace(gone)
    documents = Documents(cloud.store)
    for workspace in (gone, WORKSPACE):
        arm_id = f"{workspace}/environments/kept/versions/1"
        documents.put(Document(arm_id=arm_id, body={"id": arm_id, "properties": {"image": "a"}}))
    cloud.resources.delete(gone)
    forget_deleted(cloud)
    assert documents.get(f"{gone}/environments/kept/versions/1") is None
    assert documents.get(f"{WORKSPACE}/environments/kept/versions/1") is not None


def test_a_deleted_workspace_takes_its_runs_and_models_with_it_once_its_jobs_are_gone(workspace_site: Site) -> None:
    cloud, gone = workspace_site.cloud, WORKSPACE.replace("mlw-test", "mlw-history")
    workspace_site.add_workspace(gone)
    runs, registry = Runs(cloud.store), Registry(cloud.store)
    for workspace in (gone, WORKSPACE):
        name = f"history-of-{workspace.rpartition('/')[2]}"
        with cloud.store.transaction() as connection:
            experiment = runs.experiment(connection, workspace, "demand")
            kind, status = RunKind.PLAIN, Status.COMPLETED
            told = {"run_id": name, "root": name, "name": name, "workspace": workspace, "parent": "", "created": 0.0}
            runs.create(connection, Run(**told, experiment=experiment, kind=kind, status=status))
        registry.create(workspace, "demand-history", "", {})
    cloud.resources.delete(gone)
    forget_history(cloud)
    counted = "select count(*) n from {} where lower(workspace) = ?"
    for table in ("ml_runs", "ml_models", "ml_experiments"):
        assert cloud.store.rows(counted.format(table), gone.lower())[0]["n"] == 0
        assert cloud.store.rows(counted.format(table), WORKSPACE.lower())[0]["n"] > 0
