"""A local cloud with a registry, and orders of images: whole ones of this work tree, and small ones."""

from __future__ import annotations

import gc
import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from azure.identity import DefaultAzureCredential

from contracts.images import Built, Label
from images import handler_image, scoring_image
from images.acr_tasks import AcrTasks
from images.builder import Image, Order
from images.cloud import manager
from images.context import Context
from local.services.registry.models import ARM_TYPE
from local.tokens import SUBSCRIPTION
from ml_pipelines.publishing.snapshot import snapshot
from tests.local.services.conftest import Site, make_site

ROOT = Path(__file__).parents[2]
REGISTRY = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-test/providers/Microsoft.ContainerRegistry/registries/crtest"
BUILT = Built(model="demand", model_version="3", data_version="silver/features@7", run="run-1", revision="c" * 64)
DOCKERFILE = b"""FROM python:3.12-slim-bookworm
WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt
COPY package ./package
ARG MLOPS_REVISION
LABEL org.opencontainers.image.revision=$MLOPS_REVISION
CMD ["python", "-m", "package"]
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The registry's client never closes the connection by which it exchanges tokens."""
    for item in items:
        if "tests/images" in item.path.as_posix():
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"))


@dataclass
class Builder:
    """The client under test on the site's registry."""

    site: Site

    def build(self, order: Order, registry: str = REGISTRY) -> Image:
        with DefaultAzureCredential() as login, closing(AcrTasks(registry, login, manager(self.site.environment()))) as builder:
            return builder.build(order)

    def runs(self, name: str) -> list[str]:
        """Builds of `repository:tag`, counted in the store itself."""
        rows = self.site.cloud.store.rows("select id, request from registry_runs order by seq")
        return [row["id"] for row in rows if json.loads(row["request"])["imageNames"] == [name]]


@pytest.fixture(scope="session")
def registry_of_images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = make_site(tmp_path_factory.mktemp("images") / "state")
    site.add(ARM_TYPE, REGISTRY, loginServer=f"127.0.0.1:{site.cloud.endpoints.registry}", location="westeurope")
    for name in ("identity", "arm", "registry"):
        site.start(name)
    yield site
    site.stop()


@pytest.fixture
def builder(registry_of_images: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Builder]:
    for name, value in registry_of_images.environment().items():
        monkeypatch.setenv(name, value)
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        yield Builder(registry_of_images)
        gc.collect()


@pytest.fixture
def small() -> Callable[..., Order]:
    """An order that builds in a moment; its files can be changed."""

    def made(repository: str, *, revision: str = "1", tag: str = "1", **files: bytes) -> Order:
        named = {name.replace("__", "/").replace("_txt", ".txt"): content for name, content in files.items()}
        context = {"Dockerfile": DOCKERFILE, "requirements.txt": b"", "package/__main__.py": b"print('hello')\n", **named}
        return Order(repository=repository, tag=tag, context=Context(files=context), labels={Label.REVISION: revision})

    return made


@pytest.fixture
def orders(tmp_path: Path) -> dict[str, Order]:
    """The orders of this work tree by repository; the model's files are of no model."""
    tree, artefact = snapshot().write(tmp_path / "tree"), tmp_path / "artefact"
    artefact.mkdir()
    (artefact / "manifest.json").write_text("{}")
    return {
        "scoring": scoring_image.order(tree, artefact, BUILT, "3-7"),
        "event-handler": handler_image.order(ROOT, b"httpx==0.28.1\n"),
    }
