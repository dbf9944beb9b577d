"""Infrastructure from the engine's state, lineage from a real bronze commit, and what there is to say before any run."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import pytest

from contracts.outputs import PlatformOutputs
from lineage.lake import Arrival
from local.engine.events import ResourceEvent
from local.flow.platform import findings
from local.report.access import acting_as
from local.report.estate import components, settings
from local.report.gather import RunMissingError, commit, latest
from local.report.lineage import links
from local.services.cloud import Cloud
from tests.local.report.report_example import COMMIT, DIGEST, IMAGE, run

ARRIVED = Arrival(file="day.csv", sha256="c0ffee", rows="7", event="e")
STACK = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev"


def resource(kind: str, name: str, parent: str = STACK, *needs: str, custom: bool = True) -> dict[str, object]:
    urn = f"urn:pulumi:dev::shop::{kind}::{name}"
    return {"urn": urn, "type": kind, "custom": custom, "parent": parent, "dependencies": list(needs)}


def test_resources_stand_under_their_outermost_component_with_what_they_need_directly(tmp_path: Path) -> None:
    lake = resource("shop:infra:Lake", "lake", custom=False)
    account = resource("shop:infra:StorageAccount", "account", str(lake["urn"]), custom=False)
    blob = "azure-native:storage:BlobContainer"
    group = resource("azure-native:resources:ResourceGroup", "group")
    store = resource("azure-native:storage:StorageAccount", "lake", str(account["urn"]), str(group["urn"]))
    held = [
        {"urn": STACK, "type": "pulumi:pulumi:Stack", "custom": False},
        resource("pulumi:providers:azure-native", "default"),
        lake,
        account,
        group,
        store,
        resource(blob, "bronze", str(account["urn"]), str(group["urn"]), str(store["urn"])),
        resource(blob, "silver", str(lake["urn"]), str(group["urn"]), str(store["urn"])),
    ]
    folder = tmp_path / "pulumi" / "backend" / ".pulumi" / "stacks"
    for project, resources in (("shop", held), ("release", None)):
        (folder / project).mkdir(parents=True)
        (folder / project / "dev.json").write_text(json.dumps({"checkpoint": {"latest": {"resources": resources}}}))
    (folder / "shop" / "prod.json").write_text("not read")
    found = [
        (one.project, one.name, [(held.name, held.depth, held.needs) for held in one.resources])
        for one in components(tmp_path, "dev")
    ]
    account_id = ("shop/lake/StorageAccount/lake",)
    assert found == [
        ("shop", "(program)", [("group", 1, ())]),
        (
            "shop",
            "lake",
            [("lake", 2, ("shop/(program)/ResourceGroup/group",)), ("bronze", 3, account_id), ("silver", 3, account_id)],
        ),
    ]


def test_settings_of_two_stacks_are_told_where_they_differ(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  shop:a: {b: 1, c: true}\n  shop:zones: []\n  shop:same: x\n")
    (tmp_path / "Pulumi.prod.yaml").write_text("config:\n  shop:a: {b: 2}\n  shop:zones: ['1', '2']\n  shop:same: x\n")
    assert settings(tmp_path) == {
        "a.b": {"dev": "1", "prod": "2"},
        "a.c": {"dev": "true", "prod": ""},
        "zones": {"dev": "none", "prod": "1, 2"},
    }


def test_what_the_policies_said_is_kept_with_their_levels() -> None:
    def event(name: str, state: str, detail: str = "") -> ResourceEvent:
        return ResourceEvent(urn=name, type="t", name=name, state=state, seconds=0.0, detail=detail)

    found = findings(
        [event("a", "running"), event("a", "created"), event("b", "running"), event("b", "warning", "r: no")], {"r": "advisory"}
    )
    assert found == {"rules": {"r": "advisory"}, "resources": 2, "advisories": [{"resource": "b", "message": "r: no"}]}


def test_lineage_leads_from_the_file_to_the_deployment() -> None:
    found = links(run(), ARRIVED, "champion")
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
    assert [link.what for link in links(told, ARRIVED, "")][-1] == "training run"


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
