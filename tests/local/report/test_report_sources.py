"""Infrastructure from the engine's state, lineage from a real bronze commit, and what there is to say before any run."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import pyarrow as pa
import pytest

from contracts.events import DataVersion
from contracts.outputs import PlatformOutputs
from data_ops.storage import Once, TableMissingError, append_once
from local.report.access import acting_as
from local.report.estate import components, services
from local.report.gather import RunMissingError, commit, latest
from local.report.lineage import arrival, links
from local.resources import Resource
from local.services.cloud import Cloud
from tests.local.report.report_example import COMMIT, DIGEST, IMAGE, run

STACK = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev"


def resource(kind: str, name: str, parent: str = STACK, *, custom: bool = True) -> dict[str, object]:
    return {"urn": f"urn:pulumi:dev::shop::{kind}::{name}", "type": kind, "custom": custom, "parent": parent}


def test_resources_are_counted_under_their_outermost_component(tmp_path: Path) -> None:
    lake = resource("shop:infra:Lake", "lake", custom=False)
    account = resource("shop:infra:StorageAccount", "account", str(lake["urn"]), custom=False)
    blob = "azure-native:storage:BlobContainer"
    held = [
        {"urn": STACK, "type": "pulumi:pulumi:Stack", "custom": False},
        resource("pulumi:providers:azure-native", "default"),
        lake,
        account,
        resource("azure-native:storage:StorageAccount", "lake", str(account["urn"])),
        resource(blob, "bronze", str(account["urn"])),
        resource(blob, "silver", str(lake["urn"])),
        resource("azure-native:resources:ResourceGroup", "group"),
    ]
    folder = tmp_path / "pulumi" / "backend" / ".pulumi" / "stacks"
    for project, resources in (("shop", held), ("release", None)):
        (folder / project).mkdir(parents=True)
        (folder / project / "dev.json").write_text(json.dumps({"checkpoint": {"latest": {"resources": resources}}}))
    (folder / "shop" / "prod.json").write_text("not read")
    found = {(one.project, one.name): one.resources for one in components(tmp_path, "dev")}
    assert found == {
        ("shop", "lake"): {"BlobContainer": 2, "StorageAccount": 1},
        ("shop", "(program)"): {"ResourceGroup": 1},
    }


def test_services_are_counted_the_most_first(tmp_path: Path) -> None:
    cloud = Cloud.open(tmp_path)
    for number, kind in enumerate(
        ("Microsoft.EventHub/namespaces", "Microsoft.EventHub/namespaces/eventhubs", "Microsoft.Storage/storageAccounts")
    ):
        cloud.resources.put(Resource(id=f"/{number}", type=kind, name=str(number), properties={}))
    assert list(services(cloud).items()) == [("EventHub", 2), ("Storage", 1)]


def test_the_commit_says_which_file_it_holds(tmp_path: Path) -> None:
    rows = pa.table({"date": ["2025-01-01"]})
    metadata = {"file": "day.csv", "sha256": "c0ffee", "rows": "1"}
    append_once(str(tmp_path / "sales"), rows.to_reader, Once(app_id="ingest:c0ffee", version=1), metadata=metadata)
    version = DataVersion(table="bronze/sales", version=1)
    assert arrival(str(tmp_path), version) == metadata
    with pytest.raises(TableMissingError):
        arrival(str(tmp_path), DataVersion(table="bronze/sales", version=7))


def test_lineage_leads_from_the_file_to_the_deployment() -> None:
    found = links(run(), {"file": "day.csv", "sha256": "c0ffee", "rows": "7"}, "champion")
    assert [link.what for link in found] == [
        "file",
        "bronze",
        "silver",
        "features",
        "training run",
        "model",
        "image",
        "deployment",
    ]
    by_name = {link.what: link for link in found}
    assert (by_name["file"].identity, by_name["file"].detail) == ("day.csv", "sha256 c0ffee")
    assert (by_name["bronze"].detail, by_name["bronze"].event) == ("7 rows in one commit", COMMIT)
    assert (by_name["model"].identity, by_name["model"].detail) == ("demand 1", "champion")
    assert (by_name["image"].identity, by_name["image"].event) == (DIGEST, IMAGE)
    assert by_name["deployment"].identity == "slot green"


def test_lineage_ends_where_the_run_ended() -> None:
    told = run(model={"name": "demand", "version": None, "registered": False, "rung": None, "naive": None})
    told["release"] |= {"digest": "", "url": ""}
    assert [link.what for link in links(told, {}, "")][-1] == "training run"


def test_clients_are_aimed_at_the_local_cloud_only_as_long_as_the_block_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "someone")
    monkeypatch.delenv("AZURE_ENDPOINT", raising=False)
    wanted = {name: "x" for name in PlatformOutputs.__dataclass_fields__ if name != "identities"}
    outputs = PlatformOutputs(**wanted, identities={"data": {"name": "id-data"}})
    before = dict(os.environ)
    with acting_as(Cloud.open(tmp_path), outputs, "data", "lake"):
        assert os.environ["IDENTITY_HEADER"] == "id-data"
        assert os.environ["AZURE_ENDPOINT"].endswith("/lake")
    assert dict(os.environ) == before
    with contextlib.suppress(ZeroDivisionError), acting_as(Cloud.open(tmp_path), outputs, "data", "lake"):
        _ = 1 / 0
    assert dict(os.environ) == before


def test_without_a_finished_run_the_report_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RunMissingError) as caught:
        latest(tmp_path)
    assert "make up" in caught.value.remedy


def test_the_commit_of_the_work_tree_is_a_hash_or_nothing() -> None:
    assert commit() == "" or len(commit().split()[0]) == 40
