"""What the rules say about themselves, the level files, and the page made from them."""

from __future__ import annotations

import inspect
import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy import EnforcementLevel, ResourceValidationPolicy

from policy.rules import POLICIES, RULES
from policy.rules.table import page

ROOT = Path(__file__).parents[2]
IDS = [
    "st-https",
    "st-tls12",
    "st-no-anonymous",
    "kv-rbac",
    "acr-no-admin",
    "eh-no-local-auth",
    "eg-identity-delivery",
    "eg-dead-letter",
    "eg-filtered",
    "amlc-min-zero",
    "aks-no-local-accounts",
    "rbac-no-owner",
]
READS = sorted({(kind, check.path) for rule in RULES for kind in rule.kinds for check in rule.checks})


def test_the_pack_holds_each_promised_rule_once() -> None:
    assert [policy.name for policy in POLICIES] == IDS


@pytest.mark.parametrize("policy", POLICIES, ids=IDS)
def test_no_field_that_explains_a_rule_is_empty(policy: ResourceValidationPolicy) -> None:
    framework = policy.framework
    assert framework is not None
    texts = (policy.description, policy.display_name, policy.remediation_steps, policy.url, *vars(framework).values())
    assert all(isinstance(text, str) and text.strip() for text in texts)
    assert policy.severity is not None
    assert policy.tags


@pytest.mark.parametrize("policy", POLICIES, ids=IDS)
def test_every_rule_stops_an_update_and_points_to_public_documentation(policy: ResourceValidationPolicy) -> None:
    assert policy.enforcement_level is EnforcementLevel.MANDATORY
    assert policy.url is not None
    assert policy.url.startswith("https://learn.microsoft.com/azure/")


@pytest.mark.parametrize("field", ["title", "demand", "breach", "remedy"])
def test_no_two_rules_say_the_same(field: str) -> None:
    assert len({getattr(rule, field) for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_each_stack_names_every_rule_as_mandatory(stack: str) -> None:
    levels = json.loads((ROOT / "policy" / f"config.{stack}.json").read_text())
    assert levels == dict.fromkeys(IDS, "mandatory")


def test_the_page_of_policies_is_the_one_made_from_the_rules() -> None:
    assert (ROOT / "docs" / "policies.md").read_text() == page()


def _property(arguments: type, name: str) -> Any:
    """Return the property of an SDK class that the engine knows by this name."""
    for member in vars(arguments).values():
        if isinstance(member, property) and getattr(member.fget, "_pulumi_name", None) == name:
            return member
    return None


def _nested(module: str, member: property) -> list[type]:
    inputs = import_module(f"pulumi_azure_native.{module}._inputs")
    named = re.findall(r"\w+Args\b", str(inspect.signature(member.fget).return_annotation)) if member.fget else []
    return [getattr(inputs, name) for name in dict.fromkeys(named)]


@pytest.mark.parametrize(("kind", "path"), READS)
def test_every_property_that_a_rule_reads_exists_in_the_installed_sdk(kind: str, path: str) -> None:
    _, module, name = kind.split(":")
    resource = import_module(f"pulumi_azure_native.{module}")
    classes: list[type] = [getattr(resource, f"{name}InitArgs", None) or getattr(resource, f"{name}Args")]
    for segment in path.split("."):
        found = [member for arguments in classes if (member := _property(arguments, segment))]
        assert found, f"{segment} of {path} is no input of {[arguments.__name__ for arguments in classes]}"
        classes = [arguments for member in found for arguments in _nested(module, member)]


@pytest.mark.parametrize("kind", sorted({kind for kind, _ in READS}))
def test_every_judged_token_is_the_one_that_the_installed_sdk_registers(kind: str) -> None:
    _, module, name = kind.split(":")
    assert f"'{kind}'" in inspect.getsource(getattr(import_module(f"pulumi_azure_native.{module}"), name))
