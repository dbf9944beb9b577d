"""What an image says of itself, read by Azure's own client, and how the registry's refusals are read."""

import gc
import json
from contextlib import ExitStack, closing

import pytest
from azure.identity import DefaultAzureCredential

from events.errors import PoisonError, RetryableError
from events.targets.registry import Registry
from tests.events.release import LABELS

# The client leaves a challenge of the registry unread, and with it the connection it came by.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <ssl:ResourceWarning")


@pytest.fixture
def registry_at():
    with ExitStack() as opened:

        def begin(login_server):
            credential = opened.enter_context(DefaultAzureCredential())
            return opened.enter_context(closing(Registry(login_server, credential)))

        yield begin
    gc.collect()


@pytest.fixture
def registry(azure, registry_at):
    return registry_at(azure.url.removeprefix("https://"))


def test_labels_are_read_by_digest_with_a_token_that_the_registry_gave_for_the_handlers_own(azure, registry):
    assert registry.labels("scoring", azure.registry.push()) == LABELS
    assert azure.registry.exchanged[:2] == [("exchange", "t"), ("token", "e30.eyJleHAiOjQwMDAwMDAwMDB9.e30")]


@pytest.mark.parametrize("labels", [None, {}, [], "x"])
def test_an_image_without_labels_has_none(azure, registry, labels):
    assert registry.labels("scoring", azure.registry.push(labels)) == {}


@pytest.mark.parametrize("kind", ["application/vnd.cncf.helm.config.v1+json", "application/vnd.oci.empty.v1+json"])
def test_an_artifact_with_the_manifest_of_an_image_is_none(azure, registry, kind):
    assert registry.labels("scoring", azure.registry.push(kind=kind)) is None


def test_an_image_that_is_gone_may_come_back(azure, registry):
    digest = azure.registry.push()
    kept = azure.registry.documents.pop(digest)
    with pytest.raises(RetryableError, match=f"scoring@{digest}: the registry answered 404"):
        registry.labels("scoring", digest)
    azure.registry.documents[digest] = kept
    assert registry.labels("scoring", digest) == LABELS


def test_content_that_does_not_match_its_digest_is_not_believed(azure, registry):
    digest = azure.registry.push()
    for spoilt in list(azure.registry.documents):
        kind, content = azure.registry.documents[spoilt]
        azure.registry.documents[spoilt] = (kind, content.replace(b"2", b"3"))
        with pytest.raises(RetryableError, match="DigestValidationError"):
            registry.labels("scoring", digest)
        azure.registry.documents[spoilt] = (kind, content)
    assert registry.labels("scoring", digest) == LABELS


def test_a_configuration_without_end_is_refused(azure, registry):
    digest = azure.registry.push({**LABELS, "long": "x" * (1 << 20)})
    with pytest.raises(PoisonError, match="more than 1048576 bytes"):
        registry.labels("scoring", digest)


@pytest.mark.parametrize("status", [400, 403, 409])
def test_a_request_refused_for_good_is_poison_and_says_what_the_registry_said(azure, registry, status):
    azure.registry.answers.append((status, {}, {"errors": [{"code": "DENIED", "message": "no pull"}]}))
    with pytest.raises(PoisonError, match=f"the registry answered {status}: (?s:.)*no pull"):
        registry.labels("scoring", azure.registry.push())


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_tried_again_after_the_wait_that_the_registry_asks_for(azure, registry, status):
    azure.registry.answers.append((status, {"Retry-After": "17"}, {}))
    with pytest.raises(RetryableError) as caught:
        registry.labels("scoring", azure.registry.push())
    assert caught.value.after == 17.0


def test_a_registry_that_is_gone_or_answers_no_manifest_or_gives_no_token_is_tried_again(
    azure, registry, registry_at, unused_port, monkeypatch
):
    digest = azure.registry.push()
    with pytest.raises(RetryableError, match="can't be read"):
        registry_at(f"127.0.0.1:{unused_port}").labels("scoring", digest)
    azure.registry.answers.append((200, {"Docker-Content-Digest": digest}, b"<html>"))
    with pytest.raises(RetryableError, match="can't be read"):
        registry.labels("scoring", digest)
    monkeypatch.setattr(azure, "get", lambda *_: (400, {}, {"error": "invalid_request"}))
    with pytest.raises(RetryableError, match="no token for the registry"):
        registry_at(azure.url.removeprefix("https://")).labels("scoring", digest)


def test_a_manifest_whose_configuration_is_no_object_has_no_labels(azure, registry):
    digest = azure.registry.push()
    manifest = json.loads(azure.registry.documents[digest][1])
    wrong = azure.registry.add([1], manifest["config"]["mediaType"])
    changed = azure.registry.add({**manifest, "config": wrong}, manifest["mediaType"])
    assert registry.labels("scoring", changed["digest"]) == {}
