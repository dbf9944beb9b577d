"""Programs through the real engine: up, up again, refused, destroyed."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.engine.runner import EngineFailedError
from local.resources import Resource

pytestmark = pytest.mark.engine

PACK = """\
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy


def validate(args, report):
    if args.resource_type.endswith(":BlobContainer") and args.props["containerName"] == "silver":
        report("no silver here")


PolicyPack("shop", policies=[ResourceValidationPolicy("no-silver", "No silver.", validate, EnforcementLevel.MANDATORY)])
"""


def test_a_stack_goes_up_once_changes_in_place_and_leaves_nothing(shop: Any) -> None:
    seen: list[Any] = []
    first = shop.pulumi.up(on_event=seen.append)
    assert first.counts == {"create": 5}
    assert not first.empty
    assert {event.name: event.state for event in seen if event.type.startswith("azure")} == dict.fromkeys(
        ("group", "lake", "bronze", "silver"), "created"
    )
    assert shop.names() == ["bronze", "dlsshop", "rg-shop", "silver"]
    assert shop.pulumi.outputs()["blob"].endswith("/dlsshop/")

    again = shop.pulumi.up()
    assert again.empty
    assert again.counts == {"same": 5}

    shop.program((shop.project / "__main__.py").read_text() + "pulumi.export('more', 1)\n")
    assert not shop.pulumi.preview().empty, "an output more is a change, though no resource changes"
    assert not shop.pulumi.up().empty
    assert shop.pulumi.outputs()["more"] == 1
    assert shop.pulumi.up().empty

    shop.configure(tls="TLS1_2", containers="[bronze]")
    shop.pulumi.init()
    assert shop.pulumi.up().counts == {"same": 3, "update": 1, "delete": 1}
    lake = next(item for item in shop.resources.all() if item.name == "dlsshop")
    assert lake.properties["minimumTlsVersion"] == "TLS1_2"

    shop.pulumi.destroy()
    assert shop.names() == []
    assert (shop.pulumi.export()["deployment"].get("resources") or []) == []


def test_a_refresh_sees_what_was_changed_behind_the_engines_back(shop: Any) -> None:
    shop.configure(tls="TLS1_2")
    shop.pulumi.init()
    shop.pulumi.up()

    def lake() -> Resource:
        return next(item for item in shop.resources.all() if item.name == "dlsshop")

    shop.resources.put(replace(lake(), properties={**lake().properties, "minimumTlsVersion": "TLS1_0"}))
    assert shop.pulumi.up().empty, "without a refresh the engine trusts what it wrote down"
    assert shop.pulumi.command(["refresh", "--yes", "--non-interactive"]) == 0
    assert shop.pulumi.up().counts == {"same": 4, "update": 1}
    assert lake().properties["minimumTlsVersion"] == "TLS1_2"


def test_a_first_preview_knows_nothing_that_only_azure_can_say(shop: Any) -> None:
    assert shop.pulumi.preview().counts == {"create": 5}
    assert shop.names() == []
    assert not (shop.state / "seen").exists(), "the identity's principal id was known before the identity existed"
    shop.pulumi.up()
    assert len((shop.state / "seen").read_text()) == 36


def test_the_project_folder_stays_as_it_was(shop: Any) -> None:
    before = {file.name: file.read_bytes() for file in shop.project.iterdir() if file.is_file()}
    shop.pulumi.up()
    assert {file.name: file.read_bytes() for file in shop.project.iterdir() if file.is_file()} == before
    assert "azurekeyvault" not in (shop.state / "Pulumi.dev.yaml").read_text()


BAD = {
    "kind": ("resources.Deployment('d', resource_group_name='rg', properties={'mode': 'Incremental'})", "is not emulated"),
    "parent": (
        "storage.BlobContainer('b', container_name='bronze', account_name='none', resource_group_name='none')",
        "ResourceGroupNotFound",
    ),
    "enum": (
        "storage.StorageAccount('a', account_name='dls', resource_group_name='rg', kind='Flat', sku={'name': 'Standard_LRS'})",
        "not a valid value",
    ),
    "automatic name": ("resources.ResourceGroup('g', location='westeurope')", "no automatic names"),
    "program": ("raise ValueError('canary')", "canary"),
}


@pytest.mark.parametrize(("line", "said"), BAD.values(), ids=BAD.keys())
def test_a_refusal_reaches_the_person_with_the_reason(shop: Any, line: str, said: str) -> None:
    shop.program(f"from pulumi_azure_native import resources, storage\n{line}\n")
    with pytest.raises(EngineFailedError) as caught:
        shop.pulumi.up()
    assert said in caught.value.given
    assert shop.names() == []


def test_a_missing_required_property_is_refused(shop: Any) -> None:
    """The SDK's class refuses it first, so the request is made below the class."""
    shop.program(
        "import pulumi\n"
        "pulumi.CustomResource('azure-native:storage:StorageAccount', 'a', {'accountName': 'dlsshop', 'resourceGroupName': 'rg'})\n"
    )
    with pytest.raises(EngineFailedError, match="Missing required property 'kind'"):
        shop.pulumi.preview()


def test_a_policy_pack_stops_what_it_forbids(shop: Any, tmp_path: Path) -> None:
    pack, config = tmp_path / "pack", tmp_path / "config.json"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text("runtime: python\n")
    (pack / "__main__.py").write_text(PACK)
    with pytest.raises(EngineFailedError, match=r"(?s)no-silver: .*no silver here") as caught:
        shop.pulumi.preview(policy_pack=pack)
    assert "silver" in caught.value.given
    config.write_text(json.dumps({"no-silver": "advisory"}))
    assert shop.pulumi.preview(policy_pack=pack, policy_config=config).counts == {"create": 5}


def test_a_command_runs_on_the_stack_with_its_own_configuration(shop: Any, capfd: pytest.CaptureFixture[str]) -> None:
    assert shop.pulumi.command(["config", "get", "shop:containers"]) == 0
    assert "bronze" in capfd.readouterr().out
    assert shop.pulumi.command(["stack", "export", "--stack", "dev"]) == 0
    assert json.loads(capfd.readouterr().out)["version"]
    assert shop.pulumi.command(["no-such-command"]) != 0


def test_listeners_hear_of_progress_while_the_engine_runs(shop: Any) -> None:
    shop.network.method, shop.network.urn_end = "Create", "::lake"
    seen: list[Any] = []
    running = threading.Thread(target=lambda: shop.pulumi.up(on_event=seen.append))
    running.start()
    assert shop.network.answered.wait(60)
    running.join(1)
    assert [event.state for event in seen if event.type.endswith(":ResourceGroup")] == ["running", "created"]
    assert [event.state for event in seen if event.name == "lake"] == ["running"]
    shop.network.release.set()
    running.join()
    lake = next(event for event in seen if event.name == "lake" and event.state == "created")
    assert lake.seconds >= 1
