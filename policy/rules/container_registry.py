"""Rules for container registries; those on networks, zones and policies need the Premium tier."""

from __future__ import annotations

from functools import partial

from pulumi_policy import Severity

from .checks import either, equal, one_of
from .rule import Check, Rule, Terms
from .sources import built_in, checkov, ckv, pol, psrule

DOCS = "https://learn.microsoft.com/azure/container-registry"

_registry = partial(Rule, kinds=("azure-native:containerregistry:Registry",))


def _tier(terms: Terms) -> tuple[Check, ...]:
    return (one_of("sku.name", *terms["skus"]),)


RULES = (
    _registry(
        id="acr-no-admin",
        title="Container registries have no admin account",
        breach="The registry may be entered with a shared password that can pull, push and delete every image.",
        checks=(equal("adminUserEnabled", wanted=False),),
        severity=Severity.HIGH,
        source=psrule("5", ckv(137), pol("dc921057")),
        remedy="Set admin_user_enabled=False on the Registry and give AcrPull to the identities that pull.",
        url=f"{DOCS}/container-registry-authentication",
    ),
    _registry(
        id="acr-no-anonymous",
        title="Images are pulled by identities only",
        breach="Anyone may pull the images, and with them the model.",
        checks=(equal("anonymousPullEnabled", wanted=False),),
        severity=Severity.CRITICAL,
        source=psrule("401", ckv(138), pol("9f2dea28")),
        remedy="Set anonymous_pull_enabled=False on the Registry.",
        url=f"{DOCS}/anonymous-pull-access",
    ),
    _registry(
        id="acr-no-public",
        title="Container registries have no public address",
        breach="The registry answers on a public address, where one wrong firewall rule opens it.",
        # The SDK sends Enabled when a program says nothing.
        checks=(equal("publicNetworkAccess", wanted="Disabled"),),
        severity=Severity.HIGH,
        source=checkov("139", pol("0fdf0491")),
        remedy='Set public_network_access="Disabled" on a Premium Registry and give it a private endpoint.',
        url=f"{DOCS}/container-registry-private-link",
    ),
    _registry(
        id="acr-zones",
        title="Container registries survive the loss of a zone",
        breach="When the registry's zone is down, no pod can start anywhere.",
        checks=(equal("zoneRedundancy", wanted="Enabled"),),
        severity=Severity.LOW,
        source=checkov("233"),
        remedy='Set zone_redundancy="Enabled" on a Premium Registry; it can\'t be changed on one that exists.',
        url=f"{DOCS}/zone-redundancy",
    ),
    _registry(
        id="acr-sku",
        title="Container registries have the tier of their stack",
        breach="The tier lacks the network rules that production needs, or costs what development does not need.",
        checks=_tier,
        severity=Severity.MEDIUM,
        source=psrule("6", pol("bd560fc0")),
        remedy="Set registry.sku in Pulumi.<stack>.yaml to a tier that policy/config.<stack>.json allows.",
        url=f"{DOCS}/container-registry-skus",
        terms={"skus": {"type": "array", "items": {"type": "string"}, "default": ["Premium"]}},
    ),
    _registry(
        id="acr-firewall",
        title="Registry firewalls deny by default",
        breach="Every network of the world may knock at the registry.",
        checks=(either(equal("networkRuleSet.defaultAction", wanted="Deny"), equal("publicNetworkAccess", wanted="Disabled")),),
        severity=Severity.HIGH,
        source=psrule("Azure.ACR.Firewall", pol("d0793b48")),
        remedy='Set network_rule_set.default_action="Deny" on a Premium Registry and list the addresses that may enter.',
        url=f"{DOCS}/container-registry-access-selected-networks",
    ),
    _registry(
        id="acr-no-export",
        title="Images can't be exported",
        breach="Whoever may read an image may copy it into a registry outside, which no firewall sees.",
        # Azure accepts `disabled` only on a registry without public address.
        checks=(equal("policies.exportPolicy.status", wanted="disabled"),),
        severity=Severity.MEDIUM,
        source=psrule("Azure.ACR.ExportPolicy", pol("524b0254")),
        remedy='Set policies.export_policy.status="disabled" on a Registry whose public_network_access is Disabled.',
        url=f"{DOCS}/data-loss-prevention",
    ),
    _registry(
        id="acr-retention",
        title="Manifests without a tag are deleted after a while",
        breach="Every build leaves layers that nobody can name and everybody pays for.",
        checks=(equal("policies.retentionPolicy.status", wanted="enabled"),),
        severity=Severity.LOW,
        source=psrule("10", ckv(167)),
        remedy='Set policies.retention_policy with status="enabled" on a Premium Registry.',
        url=f"{DOCS}/container-registry-retention-policy",
    ),
    _registry(
        id="acr-no-arm-token",
        title="Tokens of the management plane pull no images",
        breach="A token for Azure Resource Manager, which many tools hold, also opens the registry.",
        checks=(equal("policies.azureADAuthenticationAsArmPolicy.status", wanted="disabled"),),
        severity=Severity.LOW,
        source=built_in("42781ec6"),
        remedy='Set policies.azure_ad_authentication_as_arm_policy.status="disabled" on the Registry.',
        url=f"{DOCS}/container-registry-disable-authentication-as-arm",
    ),
)
