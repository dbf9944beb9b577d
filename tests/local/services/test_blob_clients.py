"""The blob endpoint, used by the real clients: azure-storage-blob, obstore, deltalake."""

from __future__ import annotations

import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import obstore
import pyarrow as pa
import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential
from azure.storage.blob import BlobBlock, BlobServiceClient, ContentSettings
from deltalake import DeltaTable, write_deltalake
from obstore.exceptions import AlreadyExistsError, PermissionDeniedError
from obstore.store import AzureStore

from data_ops.access import AccessRefusedError
from data_ops.storage import commit_info, create, exists, table
from tests.access import accessed

pytestmark = pytest.mark.flow
ROOT = "abfss://bronze@lake.dfs.core.windows.net"


@pytest.fixture
def service(client: Callable[..., None]) -> Iterator[BlobServiceClient]:
    client()
    with DefaultAzureCredential() as credential:
        yield BlobServiceClient(os.environ["AZURE_ENDPOINT"], credential=credential)


def test_uploads_reads_lists_and_deletes_a_blob(service: BlobServiceClient) -> None:
    blob = service.get_blob_client("silver", "an odd/näme #1.txt")
    settings = ContentSettings(content_type="text/plain", content_language="de")
    blob.upload_blob(b"hello", metadata={"batch": "7"}, content_settings=settings)
    seen = blob.get_blob_properties()
    assert blob.download_blob().readall() == b"hello"
    assert (seen.metadata, seen.content_settings.content_type, seen.content_settings.content_language) == (
        {"batch": "7"},
        "text/plain",
        "de",
    )
    listed = service.get_container_client("silver").list_blobs(name_starts_with="an odd/", include=["metadata"])
    assert [(one.name, one.size, one.metadata) for one in listed] == [("an odd/näme #1.txt", 5, {"batch": "7"})]
    blob.delete_blob()
    assert not blob.exists()


def test_keeps_metadata_that_is_set_later(service: BlobServiceClient) -> None:
    blob = service.get_blob_client("silver", "described")
    blob.upload_blob(b"x")
    before = blob.get_blob_properties().etag
    blob.set_blob_metadata({"seen": "yes"})
    after = blob.get_blob_properties()
    assert after.metadata == {"seen": "yes"}
    assert after.etag != before


def test_refuses_a_second_upload_that_may_not_overwrite(service: BlobServiceClient) -> None:
    blob = service.get_blob_client("silver", "once")
    blob.upload_blob(b"first")
    with pytest.raises(ResourceExistsError, match="The specified blob already exists") as refusal:
        blob.upload_blob(b"second")
    assert "ErrorCode:BlobAlreadyExists" in str(refusal.value)
    assert blob.download_blob().readall() == b"first"


def test_writes_only_over_the_version_that_was_read(service: BlobServiceClient) -> None:
    blob = service.get_blob_client("silver", "versioned")
    etag = blob.upload_blob(b"one")["etag"]
    guard = {"etag": etag, "match_condition": MatchConditions.IfNotModified, "overwrite": True}
    blob.upload_blob(b"two", **guard)
    with pytest.raises(ResourceModifiedError):
        blob.upload_blob(b"three", **guard)
    with pytest.raises(ResourceModifiedError):
        blob.delete_blob(etag=etag, match_condition=MatchConditions.IfNotModified)
    assert blob.download_blob().readall() == b"two"


def test_carries_a_large_blob_in_blocks_and_reads_it_in_ranges(service: BlobServiceClient) -> None:
    content = os.urandom(5 << 20)
    endpoint = os.environ["AZURE_ENDPOINT"]
    small = {
        "max_single_put_size": 1 << 20,
        "max_block_size": 1 << 20,
        "max_single_get_size": 1 << 20,
        "max_chunk_get_size": 1 << 20,
    }
    blocks = BlobServiceClient(endpoint, credential=service.credential, **small)
    blob = blocks.get_blob_client("silver", "large")
    blob.upload_blob(content)
    assert blob.download_blob().readall() == content
    assert blob.download_blob(offset=1_500_000, length=10).readall() == content[1_500_000:1_500_010]


def test_reads_an_empty_blob(service: BlobServiceClient) -> None:
    blob = service.get_blob_client("silver", "empty")
    blob.upload_blob(b"")
    assert blob.download_blob().readall() == b""


def test_a_block_list_that_was_not_answered_can_be_sent_again(service: BlobServiceClient) -> None:
    blob = service.get_blob_client("silver", "again")
    blob.stage_block("YQ==", b"first ")
    blob.stage_block("Yg==", b"second")
    blob.commit_block_list([BlobBlock("YQ=="), BlobBlock("Yg==")])
    blob.commit_block_list([BlobBlock("YQ=="), BlobBlock("Yg==")])
    assert blob.download_blob().readall() == b"first second"
    with pytest.raises(HttpResponseError, match="InvalidBlockList"):
        blob.commit_block_list([BlobBlock("Yw==")])


def test_a_copy_outlives_its_source(service: BlobServiceClient) -> None:
    source, target = (service.get_blob_client("silver", name) for name in ("source", "target"))
    source.upload_blob(b"kept", metadata={"a": "b"})
    assert target.start_copy_from_url(source.url)["copy_status"] == "success"
    source.delete_blob()
    assert target.download_blob().readall() == b"kept"
    assert target.get_blob_properties().metadata == {"a": "b"}


@pytest.mark.parametrize(
    ("account", "container", "code"), [("nobody", "bronze", "ResourceNotFound"), ("lake", "gold", "ContainerNotFound")]
)
def test_an_account_or_container_that_is_no_resource_is_not_there(
    service: BlobServiceClient, account: str, container: str, code: str
) -> None:
    endpoint = os.environ["AZURE_ENDPOINT"].rpartition("/")[0]
    other = BlobServiceClient(f"{endpoint}/{account}", credential=service.credential)
    with pytest.raises(ResourceNotFoundError) as refusal:
        other.get_blob_client(container, "a").upload_blob(b"")
    assert f"ErrorCode:{code}" in str(refusal.value)
    assert not other.get_container_client(container).exists()


def test_refuses_a_request_without_a_token(service: BlobServiceClient) -> None:
    context = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(f"{service.url}/silver/anything", context=context)  # noqa: S310 - a loopback https address
    with refusal.value as answer:
        assert answer.code == 401
        assert answer.headers["x-ms-error-code"] == "NoAuthenticationInformation"
        assert "<Code>NoAuthenticationInformation</Code><Message>" in answer.read().decode()


def test_names_the_operation_that_it_does_not_emulate(service: BlobServiceClient) -> None:
    blob = service.get_blob_client("silver", "plain")
    blob.upload_blob(b"x", overwrite=True)
    with pytest.raises(HttpResponseError, match="Not emulated: PUT on blob with comp=snapshot"):
        blob.create_snapshot()
    with pytest.raises(HttpResponseError, match="Not emulated: x-ms-blob-type AppendBlob"):
        service.get_blob_client("silver", "appended").create_append_blob()
    with pytest.raises(HttpResponseError, match="Not emulated: x-ms-lease-id"):
        blob.upload_blob(b"y", overwrite=True, headers={"x-ms-lease-id": "some-lease"})


def test_obstore_puts_lists_renames_and_deletes_many(client: Callable[..., None]) -> None:
    client("id-ingest")
    store = AzureStore.from_url(ROOT)
    for number in range(6):
        obstore.put(store, f"ob/{number}", b"abc")
    assert [one["path"] for one in obstore.list(store, "ob", offset="ob/3").collect()] == ["ob/4", "ob/5"]
    assert "ob" in obstore.list_with_delimiter(store)["common_prefixes"]
    with pytest.raises(AlreadyExistsError):
        obstore.put(store, "ob/0", b"z", mode="create")
    with pytest.raises(AlreadyExistsError):
        obstore.copy(store, "ob/0", "ob/1", overwrite=False)
    obstore.rename(store, "ob/0", "ob/9")
    obstore.delete(store, ["ob/1", "ob/2", "ob/3"])
    assert [one["path"] for one in obstore.list(store, "ob").collect()] == ["ob/4", "ob/5", "ob/9"]
    assert bytes(obstore.get_range(store, "ob/9", start=1, end=3)) == b"bc"
    with pytest.raises(FileNotFoundError):
        obstore.get(store, "ob/0")


def test_obstore_carries_a_large_object_in_parts(client: Callable[..., None]) -> None:
    client()
    content = os.urandom(12 << 20)
    obstore.put(AzureStore.from_url(ROOT), "parts", content)
    assert bytes(obstore.get(AzureStore.from_url(ROOT), "parts").bytes()) == content


def test_deltalake_appends_and_reads_by_an_abfss_address(client: Callable[..., None]) -> None:
    client("id-ingest")
    table = pa.table({"store": ["1"] * 1000, "sales": list(range(1000))})
    for _ in range(12):
        write_deltalake(f"{ROOT}/delta", table, mode="append")
    read = DeltaTable(f"{ROOT}/delta")
    read.create_checkpoint()
    assert read.version() == 11
    assert DeltaTable(f"{ROOT}/delta").to_pyarrow_dataset().count_rows() == 12_000
    assert DeltaTable(f"{ROOT}/delta", version=4).to_pyarrow_dataset().count_rows() == 5_000


OPENING: dict[str, Callable[[str], Any]] = {
    "exists": exists,
    "table": table,
    "commit_info": lambda url: commit_info(url, 0),
    "create": lambda url: create(url, pa.schema([])),
}


@pytest.mark.parametrize("operation", OPENING)
def test_a_table_that_no_role_opens_is_told_in_four_parts(client: Callable[..., None], operation: str) -> None:
    client("id-ingest")
    write_deltalake(f"{ROOT}/barred", pa.table({"sales": [1]}), mode="overwrite")
    client("id-scoring")
    with pytest.raises(AccessRefusedError, match=r"bronze.*/barred") as refused:
        OPENING[operation](f"{ROOT}/barred")
    assert "Storage Blob Data Reader" in str(refused.value)


def test_the_access_log_shows_the_real_clients_and_whom_they_are(
    service: BlobServiceClient, client: Callable[..., None], storage: Any
) -> None:
    service.get_blob_client("silver", "seen").upload_blob(b"", overwrite=True)
    client("id-scoring")
    with pytest.raises(PermissionDeniedError, match="AuthorizationPermissionMismatch"):
        obstore.put(AzureStore.from_url(ROOT), "seen", b"")
    lines = accessed(storage.cloud)
    last = next(line for line in lines if line["path"] == "/lake/bronze/seen")
    agents = {line["user_agent"].split("/")[0] for line in lines}
    assert {"azsdk-python-storage-blob", "azsdk-python-identity", "object_store"} <= agents
    assert (last["principal"], last["action"], last["authorized"]) == ("id-scoring", "blob/write", False)
    with pytest.raises(ResourceNotFoundError):
        service.get_blob_client("bronze", "seen").get_blob_properties()
