"""The registry and its builds, through the unmodified clients of Azure."""

import hashlib
import io
import json

import httpx
import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from local.services.registry.pulled import ImagePullError, pull

pytestmark = pytest.mark.flow
OCI = "application/vnd.oci.image.manifest.v1+json"
DOCKERFILE = """\
# what the image is
FROM python:3.12-slim-bookworm
ENV MODE=test
WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt
COPY package ./package
ARG VERSION
LABEL mlops.model-version=$VERSION
USER 10001
EXPOSE 8080
CMD ["python", "-m", "package"]
"""
CONTEXT = {"Dockerfile": DOCKERFILE, "requirements.txt": "", "package/__main__.py": "print('hello')\n"}


def test_a_manifest_is_pushed_pulled_and_deleted_and_each_change_is_an_event(registry, pushes):
    with registry.client() as client:
        config = client.upload_blob("hand", io.BytesIO(b"{}"))
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config[0], "size": 2},
            "layers": [],
        }
        digest = client.set_manifest("hand", manifest, tag="v1")
        assert client.get_manifest("hand", "v1").digest == digest
        assert b"".join(client.download_blob("hand", config[0])) == b"{}"
    (pushed,) = pushes("hand")
    assert pushed["type"] == "Microsoft.ContainerRegistry.ImagePushed"
    assert pushed["subject"] == "hand:v1"
    assert pushed["data"]["target"]["digest"] == digest
    assert pushed["data"]["target"]["mediaType"] == OCI
    with registry.client() as client:
        client.delete_manifest("hand", digest)
        with pytest.raises(ResourceNotFoundError):
            client.get_manifest("hand", "v1")
    assert pushes("hand")[-1]["type"] == "Microsoft.ContainerRegistry.ImageDeleted"


def test_a_call_without_a_token_is_told_where_to_get_one(registry):
    answer = httpx.get(f"https://{registry.login}/v2/", verify=registry.site.tls)
    assert answer.status_code == 401
    assert f'realm="https://{registry.login}/oauth2/token"' in answer.headers["www-authenticate"]
    assert answer.json()["errors"][0]["code"] == "UNAUTHORIZED"


@pytest.mark.parametrize(
    ("manifest", "code"),
    [
        (b"none", "MANIFEST_INVALID"),
        (b'{"config": {}, "layers": []}', "MANIFEST_INVALID"),
        (json.dumps({"config": {"digest": f"sha256:{'0' * 64}"}, "layers": []}).encode(), "MANIFEST_BLOB_UNKNOWN"),
        (json.dumps({"config": {"digest": "sha256:0"}, "layers": []}).encode(), "DIGEST_INVALID"),
    ],
)
def test_a_manifest_that_is_none_or_names_what_is_not_there_is_refused(registry, pushes, manifest, code):
    token, _ = registry.site.cloud.tokens.issue(registry.site.deployer, "registry")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": OCI}
    url = f"https://{registry.login}/v2/refused/manifests/v1"
    answer = httpx.put(url, content=manifest, headers=headers, verify=registry.site.tls)
    assert answer.json()["errors"][0]["code"] == code
    assert pushes("refused") == []


def test_bytes_that_are_not_what_their_digest_says_are_refused(registry):
    token, _ = registry.site.cloud.tokens.issue(registry.site.deployer, "registry")
    with httpx.Client(
        base_url=f"https://{registry.login}", headers={"Authorization": f"Bearer {token}"}, verify=registry.site.tls
    ) as client:
        place = client.post("/v2/other/blobs/uploads/").headers["location"]
        wrong = f"sha256:{hashlib.sha256(b'other').hexdigest()}"
        answer = client.put(place, params={"digest": wrong}, content=b"these")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "DIGEST_INVALID")
        assert client.get(f"/v2/other/blobs/{wrong}").status_code == 404


def test_a_build_gives_an_image_that_runs_and_the_same_context_the_same_digest(registry, pushes):
    first, again = (registry.build(CONTEXT, name=f"built:{tag}", VERSION="7") for tag in ("1", "2"))
    assert first.properties.status == "Succeeded", registry.log(first)
    image = first.properties.output_images[0]
    assert image.digest == again.properties.output_images[0].digest
    assert [event["subject"] for event in pushes("built")] == ["built:1", "built:2"]

    pulled = pull(registry.site.cloud, f"{registry.login}/built@{image.digest}", "deployer")

    assert (pulled.folder / "package" / "__main__.py").read_text() == "print('hello')\n"
    assert pulled.labels == {"mlops.model-version": "7"}
    assert pulled.environment["MODE"] == "test"
    assert pulled.argv[1:] == ["-m", "package"]
    assert pulled.user == "10001"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ADD . .", "line 3: ADD"),
        ("RUN apt-get update", "only `pip install"),
        ("CMD python -m package", "only the JSON form"),
        ("COPY missing ./missing", "not found in the context"),
        ("COPY ../secret ./", "not found in the context"),
        ("FROM scratch", "one FROM"),
        ("RUN pip install --no-cache-dir -r other.txt", "was not copied before"),
        ('LABEL one "two', "No closing quotation"),
    ],
)
def test_what_is_not_built_here_fails_the_run_and_is_named_in_its_log(registry, pushes, line, said):
    run = registry.build({"Dockerfile": f"FROM python:3.12\nWORKDIR /app\n{line}\n"}, name="refused-build:1")
    assert run.properties.status == "Failed"
    assert said in registry.log(run)
    assert pushes("refused-build") == []


def test_a_package_that_no_index_has_fails_the_build(registry):
    context = {**CONTEXT, "requirements.txt": "no-such-package-of-anyone==9.9.9\n"}
    run = registry.build(context, name="packages:1")
    assert run.properties.status == "Failed"
    assert "no-such-package-of-anyone" in registry.log(run)


def test_an_image_that_is_not_there_can_t_be_pulled_and_says_so(registry):
    missing = f"{registry.login}/built@sha256:{'1' * 64}"
    with pytest.raises(ImagePullError, match="not found"):
        pull(registry.site.cloud, missing, "deployer")
    with pytest.raises(ImagePullError, match="failed to parse"):
        pull(registry.site.cloud, f"{registry.login}/built:latest", "deployer")


def test_only_quick_builds_of_one_pushed_linux_image_are_taken(registry):
    with pytest.raises(HttpResponseError, match="is not REPOSITORY:TAG"):
        registry.build(CONTEXT, name="no-tag")
