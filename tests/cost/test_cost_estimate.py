"""The estimate: every resource is priced, free or listed; the pages of both stacks are golden."""

import json
import os
import tomllib
from datetime import date

import pytest
import yaml
from hypothesis import given, strategies as st

from contracts.section import SettingRefusedError
from cost.__main__ import main
from cost.estimate import Resource, estimate
from cost.metered import When
from cost.meters import FREE, METERS, UNPRICED
from cost.prices import FILE, prices
from cost.stack_file import ROOT, stacks
from cost.stacks import estimate_of, resources_of
from cost.table import of_one, side_by_side
from cost.usage import Usage
from tests.cost.test_cost_meters import USAGE

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)
)
GOLDEN = ROOT / "tests" / "cost" / "golden"


def silent(_inputs, _usage):
    return []


def compare(name: str, text: str) -> None:
    file = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text)
    assert file.read_text() == text


@pytest.mark.parametrize("stack", stacks())
def test_the_estimate_of_a_stack_is_golden(stack):
    compare(f"{stack}.txt", of_one(estimate_of(stack), prices()))


def test_the_stacks_side_by_side_are_golden():
    compare("side_by_side.txt", side_by_side([estimate_of(stack) for stack in stacks()]))


@pytest.mark.parametrize("stack", stacks())
def test_every_declared_kind_has_a_meter_or_is_said_to_be_free_or_without_a_price(stack):
    assert {item.type for item in resources_of(stack)} - {*METERS, *FREE, *UNPRICED} == set()


def test_the_tables_name_no_kind_that_no_stack_declares():
    assert {*METERS, *FREE, *UNPRICED} - {item.type for stack in stacks() for item in resources_of(stack)} == set()


@pytest.mark.parametrize("stack", stacks())
def test_no_resource_is_left_out(stack):
    found = estimate_of(stack)
    told = {line.resource for line in found.lines} | {item.resource for item in found.unpriced}
    billable = {item.name for item in resources_of(stack) if item.type not in FREE}
    silent = {
        item.name for item in resources_of(stack) if item.type in METERS and not list(METERS[item.type](item.inputs, found.usage))
    }
    nothing = {
        item.name
        for item in resources_of(stack)
        if item.type in METERS and all(one.quantity == 0 for one in METERS[item.type](item.inputs, found.usage))
    }
    assert billable - told <= silent | nothing
    assert sum(found.free.values()) == len([item for item in resources_of(stack) if item.type in FREE])


@pytest.mark.parametrize("stack", stacks())
def test_the_estimate_is_within_the_budget_that_the_stack_declares(stack):
    found = estimate_of(stack)
    assert found.budget is not None
    assert found.total() <= found.budget


def test_a_kind_or_a_size_without_a_price_is_listed_and_never_nothing():
    strange = [
        Resource(type="azure-native:quantum:Workspace", name="qubits", inputs={}),
        Resource(type="azure-native:containerregistry:Registry", name="images", inputs={"sku": {"name": "Standard"}}),
        Resource(type="azure-native:network/v20240101:PublicIPAddress", name="address", inputs={}),
    ]
    found = estimate("dev", "westeurope", strange, USAGE, prices())
    assert [(item.resource, item.why.split(":")[0]) for item in found.unpriced] == [
        ("qubits", "this kind has no meter here yet"),
        ("images", "registry/Standard"),
    ]
    assert {line.resource for line in found.lines} == {"address", "images"}
    assert found.total(When.IDLE) == pytest.approx(3.65)


@given(st.sampled_from(sorted(METERS)), st.dictionaries(st.sampled_from(["sku", "properties", "spec", "scopes", "tier"]), JSON))
def test_whatever_the_inputs_are_the_estimate_says_what_it_could_not_price(kind, inputs):
    found = estimate("dev", "westeurope", [Resource(type=kind, name="strange", inputs=inputs)], USAGE, prices())
    assert all(line.usd > 0 for line in found.lines)


def test_the_training_share_is_told_for_one_run_and_the_budget_is_the_declared_one():
    registry = Resource(type="azure-native:containerregistry:Registry", name="images", inputs={"sku": {"name": "Basic"}})
    budget = Resource(type="azure-native:consumption:Budget", name="budget", inputs={"amount": 10})
    found = estimate("dev", "westeurope", [registry, budget], USAGE, prices())
    assert found.per_training == pytest.approx(100 * 2 * 0.0001)
    assert found.budget == 10


def test_every_price_has_a_unit_a_known_source_and_a_day_that_is_past_and_no_twin():
    rows = prices().rows
    assert len({(row.meter, row.region) for row in rows}) == len(rows)
    for row in rows:
        assert row.usd > 0
        assert row.unit
        assert row.source in prices().sources
        assert date(2020, 1, 1) < row.as_of <= date.today()  # noqa: DTZ011 - a day, not a moment
    assert set(tomllib.loads(FILE.read_text())["defaults"]) == set(prices().sources)


def test_a_price_of_the_stacks_own_region_comes_first():
    found = [prices().find(meter, "westeurope") for meter in ("vm/Standard_D4ds_v5", "registry/Premium", "registry/Standard")]
    assert [row and row.region for row in found] == ["westeurope", "eastus", None]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (lambda usage: usage.pop("data"), "usage.data.lakeGb"),
        (lambda usage: usage["training"].update(runs=-1), "usage.training.runs"),
        (lambda usage: usage["training"].update(runs="many"), "usage.training.runs"),
        (lambda usage: usage["data"].update(lakeGB=1), "usage.data.lakeGB"),
        (lambda usage: usage.update(weather={}), "usage.weather"),
        (lambda usage: usage["preparation"].update(nodeSize="large"), "usage.preparation.nodeSize"),
    ],
    ids=["a part is missing", "below nothing", "no number", "mistyped", "unknown", "no size"],
)
def test_a_use_that_is_not_stated_right_is_refused_by_key(change, key):
    usage = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())["config"]["mlops-forecasting:usage"]
    change(usage)
    with pytest.raises(SettingRefusedError, match=f"`mlops-forecasting:{key}`"):
        Usage.of(usage)


def test_the_command_tells_machines_the_same_and_refuses_a_stack_that_is_none(capsys):
    assert main(["--stack", "dev", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    found = estimate_of("dev")
    assert told["usd_a_month"]["all"] == pytest.approx(found.total(), abs=0.01)
    assert sum(row["usd"] for row in told["meters"]) == pytest.approx(found.total(), abs=0.01)
    assert {line["price"]["source"] for line in told["lines"]} <= set(prices().sources)
    assert main(["--stack", "staging"]) == 2
    assert "dev, prod" in capsys.readouterr().err
