"""Rules for key vaults and their secrets."""

from __future__ import annotations

from functools import partial

from pulumi_policy import Severity

from .checks import between, empty, equal, filled, one_of, unset_or_false
from .rule import Rule
from .sources import benchmark, checkov, ckv, pol, psrule, well_architected

DOCS = "https://learn.microsoft.com/azure/key-vault"
BEST = f"{DOCS}/general/secure-key-vault"

_vault = partial(Rule, kinds=("azure-native:keyvault:Vault",))
_secret = partial(Rule, kinds=("azure-native:keyvault:Secret",))

RULES = (
    _vault(
        id="kv-purge",
        title="Deleted vaults can't be purged",
        breach="Whoever may purge can destroy every key and secret for good.",
        # Azure refuses an explicit false and can't take a true back.
        checks=(equal("properties.enablePurgeProtection", wanted=True),),
        severity=Severity.HIGH,
        source=psrule("125", ckv(110), ckv(42), pol("0b60c0b2")),
        remedy="Set vault.purgeProtection: true in Pulumi.<stack>.yaml; a destroyed vault then blocks its name for its retention.",
        url=f"{DOCS}/general/soft-delete-overview",
    ),
    _vault(
        id="kv-soft-delete",
        title="Deleted vaults can be brought back",
        breach="A vault that is deleted by mistake takes its keys and secrets with it.",
        checks=(equal("properties.enableSoftDelete", wanted=True),),
        severity=Severity.HIGH,
        source=psrule("124", ckv(111), pol("1e66c121")),
        remedy="Set properties.enable_soft_delete=True on the Vault.",
        url=f"{DOCS}/general/soft-delete-overview",
    ),
    _vault(
        id="kv-firewall",
        title="Vault firewalls deny by default",
        breach="Every network of the world may knock at the vault.",
        checks=(equal("properties.networkAcls.defaultAction", wanted="Deny"),),
        severity=Severity.HIGH,
        source=psrule("355", ckv(109), pol("55615ac9")),
        remedy='Set properties.network_acls.default_action="Deny" and list the addresses that may enter.',
        url=f"{DOCS}/general/network-security",
    ),
    _vault(
        id="kv-no-public",
        title="Vaults have no public address",
        breach="The vault answers on a public address, where one wrong firewall rule opens it.",
        # The SDK sends `enabled` when a program says nothing; Azure reads either case.
        checks=(one_of("properties.publicNetworkAccess", "Disabled", "disabled"),),
        severity=Severity.HIGH,
        source=checkov("189", pol("405c5871")),
        remedy='Set properties.public_network_access="Disabled" and give the vault a private endpoint.',
        url=f"{DOCS}/general/private-link-service",
    ),
    _secret(
        id="kv-secret-expiry",
        title="Secrets expire",
        breach="A secret that leaks opens its door for ever, and nobody is reminded to change it.",
        checks=(between("properties.attributes.expires", 1),),
        severity=Severity.MEDIUM,
        source=checkov("41", pol("98728c90")),
        remedy="Set properties.attributes.expires (seconds since 1970) on the Secret, and rotate it before.",
        url=f"{DOCS}/secrets/secrets-best-practices",
    ),
    _secret(
        id="kv-secret-type",
        title="Secrets say what they are",
        breach="Nobody who finds the secret in the vault can tell what it opens.",
        checks=(filled("properties.contentType"),),
        severity=Severity.LOW,
        source=checkov("114", pol("75262d3e")),
        remedy="Set properties.content_type on the Secret, such as application/x-pem-file.",
        url=f"{DOCS}/secrets/about-secrets",
    ),
    _vault(
        id="kv-rbac",
        title="Key vaults are opened by roles",
        breach="The key vault falls back to access policies, which no role table and no review of roles shows.",
        # The SDK sends false when a program says nothing.
        checks=(equal("properties.enableRbacAuthorization", wanted=True),),
        severity=Severity.HIGH,
        source=psrule("Azure.KeyVault.RBAC", pol("12d4fa5e")),
        remedy="Set properties.enable_rbac_authorization=True on the Vault and give roles such as Key Vault Secrets User.",
        url=f"{DOCS}/general/rbac-guide",
    ),
    _vault(
        id="kv-no-access-policies",
        title="Vaults hold no access policies",
        breach="Access policies lie in wait for the day on which somebody switches roles off.",
        checks=(empty("properties.accessPolicies"),),
        severity=Severity.MEDIUM,
        source=psrule("118"),
        remedy="Take access_policies away from the Vault and give roles.",
        url=f"{DOCS}/general/rbac-migration",
    ),
    _vault(
        id="kv-retention",
        title="Deleted vaults are kept for ninety days",
        breach="A deletion that is noticed late can't be undone.",
        checks=(between("properties.softDeleteRetentionInDays", 90),),
        severity=Severity.MEDIUM,
        source=benchmark("DP-8", "CIS Azure Foundations Benchmark 3.x, Key Vault"),
        remedy="Set vault.retentionDays: 90 in Pulumi.<stack>.yaml; it can't be changed on a vault that exists.",
        url=f"{DOCS}/general/soft-delete-overview",
    ),
    _vault(
        id="kv-no-vm-flags",
        title="Vaults serve no virtual machines and templates",
        breach="Deployments of machines, templates or disks may read secrets without a role on the vault.",
        checks=tuple(
            unset_or_false(f"properties.enabledFor{what}") for what in ("Deployment", "TemplateDeployment", "DiskEncryption")
        ),
        severity=Severity.MEDIUM,
        source=well_architected("Security, service guide for Key Vault"),
        remedy="Set properties.enabled_for_deployment, _template_deployment and _disk_encryption to False on the Vault.",
        url=BEST,
    ),
)
