"""Labels of images, read from a registry that listens by the unmodified client."""

from __future__ import annotations

import gc
import io
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from azure.containerregistry import ContainerRegistryClient
from azure.identity import DefaultAzureCredential

from contracts.images import Built
from contracts.names import HANDLER, SCORING
from local.services.registry.models import ARM_TYPE
from local.tokens import SUBSCRIPTION
from rollout.images import OCI_MANIFEST, ImageMissingError, Images, LabelsMissingError
from tests.local.services.conftest import Site, make_site

pytestmark = pytest.mark.flow
REGISTRY = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-test/providers/Microsoft.ContainerRegistry/registries/crtest"
BUILT = Built(model="demand", model_version="3", data_version="silver/panel@7", run="run-1", revision="abc")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A cloud with one registry."""
    made = make_site(tmp_path_factory.mktemp("images") / "state")
    made.add(ARM_TYPE, REGISTRY, loginServer=f"127.0.0.1:{made.cloud.endpoints.registry}", location="westeurope")
    for name in ("identity", "registry"):
        made.start(name)
    yield made
    made.stop()


@pytest.fixture
def images(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Images]:
    """The registry as a release sees it."""
    for name, value in site.environment().items():
        monkeypatch.setenv(name, value)
    with unclosed(), DefaultAzureCredential() as credential:
        yield Images(login_server=f"127.0.0.1:{site.cloud.endpoints.registry}", credential=credential)


@contextmanager
def unclosed() -> Iterator[None]:
    """The client never closes the connection by which it exchanges tokens."""
    yield
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        gc.collect()


def push(images: Images, repository: str, labels: dict[str, str] | None) -> str:
    """Push an image of nothing but labels; its digest."""
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Labels": labels} if labels else {}}).encode()
    with ContainerRegistryClient(f"https://{images.login_server}", images.credential) as client:
        digest, size = client.upload_blob(repository, io.BytesIO(config))
        described = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": size}
        manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": described, "layers": []}
        return client.set_manifest(repository, manifest, media_type=OCI_MANIFEST)


def test_an_image_tells_which_model_is_inside(images):
    assert images.built(SCORING, push(images, SCORING, BUILT.labels())) == BUILT


def test_the_handlers_image_needs_no_model(images):
    assert images.labels(HANDLER, push(images, HANDLER, {"a": "b"})) == {"a": "b"}
    assert images.labels(HANDLER, push(images, HANDLER, None)) == {}


@pytest.mark.parametrize("label", BUILT.labels())
def test_an_image_without_a_label_is_refused_by_its_name(images, label):
    labels = {name: value for name, value in BUILT.labels().items() if name != label}
    with pytest.raises(LabelsMissingError, match=f"without the label {label}"):
        images.built(SCORING, push(images, SCORING, labels))


def test_a_digest_that_was_never_pushed_is_refused(images):
    digest = "sha256:" + "0" * 64
    with pytest.raises(ImageMissingError, match=digest):
        images.labels(SCORING, digest)


def test_an_image_of_another_repository_is_not_found(images):
    digest = push(images, HANDLER, {**BUILT.labels(), "only": "here"})
    with pytest.raises(ImageMissingError):
        images.built(SCORING, digest)
