"""What the rules say about themselves, the level files, the waivers, and the page made from them."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy import EnforcementLevel, Policy

from contracts.events import Hub
from contracts.roles import ROLES
from policy.rules import POLICIES, RULES, STACK_RULES
from policy.rules.kinds import AZURE, KUBERNETES
from policy.rules.levels import levels
from policy.rules.rule import Check
from policy.rules.table import page
from policy.rules.waivers import WAIVERS, load
from policy.rules.whole import HUBS, SENDER, WRITER

ROOT = Path(__file__).parents[2]
IDS = [rule.id for rule in (*RULES, *STACK_RULES)]
DOCUMENTATION = ("https://learn.microsoft.com/azure/", "https://learn.microsoft.com/entra/", "https://kubernetes.io/docs/")
READS = sorted(
    {
        (kind, path)
        for rule in RULES
        for check in rule.judged_by()
        for path in [check.path, *(f"{check.path}.{name}".lstrip(".") for name in check.reads)]
        for kind in check.on or rule.kinds
        if path
    }
)
OUTSIDE = ("secrets-store.csi.x-k8s.io", "gateway.networking.k8s.io")
"""Groups of kinds that come with the cluster's add-ons and have no classes in the SDK."""


def test_there_are_at_least_a_hundred_and_thirty_rules_each_under_its_own_id() -> None:
    assert len(IDS) >= 130
    assert len(set(IDS)) == len(IDS)
    assert [policy.name for policy in POLICIES] == IDS


@pytest.mark.parametrize("policy", POLICIES, ids=IDS)
def test_no_field_that_explains_a_rule_is_empty(policy: Policy) -> None:
    framework = policy.framework
    assert framework is not None
    texts = (policy.description, policy.display_name, policy.remediation_steps, policy.url, *vars(framework).values())
    assert all(isinstance(text, str) and text.strip() for text in texts)
    assert policy.severity is not None
    assert policy.enforcement_level is EnforcementLevel.MANDATORY
    assert str(policy.url).startswith(DOCUMENTATION)


@pytest.mark.parametrize("field", ["title", "breach"])
def test_no_two_rules_say_the_same(field: str) -> None:
    said = [getattr(rule, field) for rule in (*RULES, *STACK_RULES)]
    assert sorted({text for text in said if said.count(text) > 1 and field == "title"}) == []
    assert all(text.endswith(".") for text in said) or field == "title"


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_each_stack_states_the_level_of_every_rule_and_of_no_other(stack: str) -> None:
    found = levels(stack)
    assert list(found) == IDS
    assert {level.name for level in found.values()} <= {"mandatory", "advisory", "disabled"}


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_stack_sets_only_what_the_rule_knows(stack: str) -> None:
    known = {rule.id: rule.terms for rule in (*RULES, *STACK_RULES)}
    for rule, level in levels(stack).items():
        assert set(level.terms) <= set(known[rule])


def test_production_switches_no_rule_off_and_advises_no_more_than_development() -> None:
    order = ["disabled", "advisory", "mandatory"]
    dev, prod = levels("dev"), levels("prod")
    assert "disabled" not in {level.name for level in prod.values()}
    weaker = {rule for rule in IDS if order.index(prod[rule].name) < order.index(dev[rule].name)}
    # A cap on logs loses logs: production is told before, not stopped.
    assert weaker == {"la-daily-cap"}


def test_the_page_of_policies_is_the_one_made_from_the_rules() -> None:
    assert (ROOT / "docs" / "policies.md").read_text() == page()


def test_every_waiver_names_a_rule_that_is_mandatory_in_its_stacks() -> None:
    for row in WAIVERS.rows:
        assert {levels(stack)[row.rule].name for stack in row.stacks} == {"mandatory"}, row


def test_no_waiver_is_over() -> None:
    assert [row.rule for row in WAIVERS.rows if WAIVERS.today() > row.expires] == []


@pytest.mark.parametrize("broken", [{"reason": ""}, {"owner": None}, {"expires": "soon"}, {"stacks": []}, {"note": "x"}])
def test_a_waiver_without_reason_role_or_day_is_refused(broken: dict[str, Any], tmp_path: Path) -> None:
    row = {"rule": "st-https", "stacks": ["dev"], "project": "p", "resources": ["a::b"], "reason": "r", "owner": "o"}
    file = tmp_path / "waivers.json"
    file.write_text(json.dumps([{**row, "expires": "2027-01-31"}]))
    assert load(file).rows[0].resources == ("a::b",)
    file.write_text(json.dumps([{**row, "expires": "2027-01-31", **broken}]))
    with pytest.raises(ValueError, match=r"waivers\.json|isoformat"):
        load(file)


def test_hubs_and_roles_of_the_rules_are_those_of_the_contracts() -> None:
    assert sorted(HUBS) == sorted(Hub)
    assert ROLES["Azure Event Hubs Data Sender"] == SENDER
    assert ROLES["Storage Blob Data Contributor"] == WRITER


def _property(arguments: type, name: str) -> Any:
    """Return the property of an SDK class that the engine knows by this name."""
    for member in vars(arguments).values():
        if isinstance(member, property) and getattr(member.fget, "_pulumi_name", None) == name:
            return member
    return None


def _modules(kind: str) -> Iterator[Any]:
    """The SDK's modules in which the classes of a kind, and those within them, are found."""
    package, module, _ = kind.split(":")
    if package == "azure-native":
        yield import_module(f"pulumi_azure_native.{module}")
        if find_spec(f"pulumi_azure_native.{module}._inputs"):
            yield import_module(f"pulumi_azure_native.{module}._inputs")
        return
    group, _, version = module.partition("/")
    own = f"{group.partition('.')[0]}.{version}"
    yield import_module(f"pulumi_kubernetes.{own}")
    for name in (own, "core.v1", "meta.v1", "batch.v1"):
        yield import_module(f"pulumi_kubernetes.{name}._inputs")


def _nested(kind: str, member: property) -> list[type]:
    named = re.findall(r"\w+Args\b", str(inspect.signature(member.fget).return_annotation)) if member.fget else []
    return [found for name in dict.fromkeys(named) for module in _modules(kind) if (found := getattr(module, name, None))]


def _is_free(member: property) -> bool:
    """Tell whether the keys of the property are the program's own."""
    return bool(member.fget) and "Mapping[str" in str(inspect.signature(member.fget).return_annotation)


@pytest.mark.parametrize("kind", sorted({kind for kind, _ in READS}))
def test_every_property_that_a_rule_reads_exists_in_the_installed_sdk(kind: str) -> None:
    name = kind.rpartition(":")[2]
    (module, *_) = _modules(kind)
    first: list[type] = [getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args")]
    for path in (path for judged, path in READS if judged == kind):
        classes, free = first, False
        for segment in path.replace("[]", "").replace("[?]", "").split("."):
            if free:
                free = False
                continue
            found = [member for arguments in classes if (member := _property(arguments, segment))]
            assert found, f"{segment} of {path} is no input of {[arguments.__name__ for arguments in classes]}"
            free = all(map(_is_free, found)) and segment not in {"identity", "userAssignedIdentities"}
            classes = [arguments for member in found for arguments in _nested(kind, member)]


@pytest.mark.parametrize(
    "kind", [f"azure-native:{kind}" for kind in AZURE] + [f"kubernetes:{kind}" for kind in sorted(KUBERNETES)]
)
def test_every_known_token_is_one_that_the_installed_sdk_registers(kind: str) -> None:
    if kind.partition(":")[2].startswith(OUTSIDE):
        assert kind.startswith("kubernetes:")
        return
    (module, *_) = _modules(kind)
    resource = getattr(module, kind.rpartition(":")[2])
    assert f"'{kind}'" in Path(inspect.getfile(resource)).read_text()


@pytest.mark.parametrize(
    "kind", sorted({kind for kind in AZURE if AZURE[kind].named or AZURE[kind].located or AZURE[kind].tagged})
)
def test_a_kind_is_named_placed_and_tagged_where_the_installed_sdk_says_so(kind: str) -> None:
    (module, *_) = _modules(f"azure-native:{kind}")
    name = kind.rpartition(":")[2]
    arguments = getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args")
    wanted = {"tags": AZURE[kind].tagged, "location": AZURE[kind].located, AZURE[kind].named or "tags": True}
    for member, there in wanted.items():
        assert bool(_property(arguments, member)) == there or member == AZURE[kind].named, (kind, member)
    assert not AZURE[kind].named or _property(arguments, AZURE[kind].named)


def test_a_check_that_reads_below_its_path_says_what() -> None:
    for rule in RULES:
        for check in rule.judged_by():
            assert isinstance(check, Check)
            assert check.allowed
