"""A site with a registry that runs, and clients as identities of it."""

import gc
import io
import json
import tarfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from azure.containerregistry import ContainerRegistryClient
from azure.identity import DefaultAzureCredential
from azure.mgmt.containerregistrytasks import ContainerRegistryTasksMgmtClient
from azure.mgmt.containerregistrytasks.models import Argument, DockerBuildRequest, PlatformProperties

from local.services.registry.models import ARM_TYPE
from local.tokens import SUBSCRIPTION
from tests.local.services.conftest import Site, make_site

REGISTRY = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-test/providers/Microsoft.ContainerRegistry/registries/crtest"


@dataclass
class Registry:
    """The site's registry as its clients see it."""

    site: Site

    @property
    def login(self) -> str:
        return f"127.0.0.1:{self.site.cloud.endpoints.registry}"

    @contextmanager
    def client(self) -> Iterator[ContainerRegistryClient]:
        with DefaultAzureCredential() as login, ContainerRegistryClient(f"https://{self.login}", login) as client:
            yield client
        del client
        with warnings.catch_warnings(action="ignore", category=ResourceWarning):
            gc.collect()  # the client never closes the connection by which it exchanges tokens

    @contextmanager
    def tasks(self) -> Iterator[ContainerRegistryTasksMgmtClient]:
        arm = self.site.cloud.endpoints.url("arm")
        scopes = [f"{arm}/.default"]
        with (
            DefaultAzureCredential() as login,
            ContainerRegistryTasksMgmtClient(login, SUBSCRIPTION, base_url=arm, credential_scopes=scopes) as client,
        ):
            yield client

    def build(self, files: Mapping[str, str], *, name: str = "scoring:1", **arguments: str) -> Any:
        """Upload a context, schedule the build as the unmodified client does, and wait for its end."""
        with self.tasks() as client:
            return self._built(client, files, name, arguments)

    def _built(
        self, client: ContainerRegistryTasksMgmtClient, files: Mapping[str, str], name: str, arguments: Mapping[str, str]
    ) -> Any:
        place = client.registries.get_build_source_upload_url("rg-test", "crtest")
        headers = {"x-ms-blob-type": "BlockBlob"}
        httpx.put(str(place.upload_url), content=packed(files), headers=headers, verify=self.site.tls).raise_for_status()
        request = DockerBuildRequest(
            image_names=[name],
            docker_file_path="Dockerfile",
            source_location=place.relative_path,
            is_push_enabled=True,
            platform=PlatformProperties(os="Linux"),
            arguments=[Argument(name=key, value=value) for key, value in arguments.items()],
        )
        run: Any = client.registries.schedule_run("rg-test", "crtest", request)
        assert run.properties is not None
        while run.properties.status in {"Queued", "Running"}:
            run = client.runs.get("rg-test", "crtest", run.properties.run_id)
        return run

    def log(self, run: Any) -> str:
        with self.tasks() as client:
            link = client.runs.get_log_sas_url("rg-test", "crtest", run.properties.run_id).log_link
        return httpx.get(str(link), verify=self.site.tls).text


def packed(files: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return out.getvalue()


@pytest.fixture(scope="session")
def registry_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    site = make_site(tmp_path_factory.mktemp("registry") / "state")
    site.add(ARM_TYPE, REGISTRY, loginServer=f"127.0.0.1:{site.cloud.endpoints.registry}", location="westeurope")
    for name in ("identity", "arm", "registry"):
        site.start(name)
    yield Registry(site)
    site.stop()


@pytest.fixture
def registry(registry_site: Registry, monkeypatch: pytest.MonkeyPatch) -> Registry:
    for name, value in registry_site.site.environment().items():
        monkeypatch.setenv(name, value)
    return registry_site


@pytest.fixture
def pushes(registry: Registry) -> Callable[[str], list[Any]]:
    """Events of a repository in the outbox, counted in the store itself."""

    def found(repository: str) -> list[Any]:
        rows = registry.site.cloud.store.rows("select body from events where source = ? order by seq", REGISTRY)
        bodies = [json.loads(row["body"]) for row in rows]
        return [body for body in bodies if body["data"]["target"]["repository"] == repository]

    return found
