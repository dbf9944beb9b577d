"""The checks, each a question to Azure and the findings that its answer gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from deployment.preflight.finding import Finding
from deployment.preflight.plan import NAMESPACES, RIGHTS, global_names
from deployment.preflight.question import Question
from deployment.preflight.quota import quota

HOST_ENCRYPTION = "/providers/Microsoft.Features/providers/Microsoft.Compute/features/EncryptionAtHost"


def names(asked: Question) -> Iterator[Finding]:
    """Names that somebody else has."""
    for row in global_names(asked.settings):
        if asked.stands(row.type, row.name):
            continue
        answer = asked.subscription.post(row.question, row.version, {"name": row.name, "type": row.type})
        if not answer["nameAvailable"]:
            yield Finding(
                check="names",
                happened=f"The name of the {row.type} is taken.",
                given=f"{row.name}: {answer.get('message') or answer.get('reason')}",
                allowed="a name that nobody else on Azure has",
                fix="Choose another `workload` in Pulumi.<stack>.yaml, and the same in foundation/.",
            )


def vault(asked: Question) -> Iterator[Finding]:
    """A deleted vault that still holds the name."""
    settings = asked.settings
    name, recover = settings.names.key_vault, settings.vault.recover
    path = f"/providers/Microsoft.KeyVault/locations/{settings.location}/deletedVaults/{name}"
    deleted = asked.subscription.get(path, "2023-07-01")
    if deleted and not recover:
        until = deleted["properties"]["scheduledPurgeDate"]
        yield Finding(
            check="vault",
            happened="A deleted vault holds the name until it is purged.",
            given=f"{name}, kept until {until}",
            allowed="no deleted vault of the name, or `vault.recover: true`, which brings it back with all it holds",
            fix=f"Set `vault.recover: true`, or run `az keyvault purge --name {name}` if nothing in it is needed.",
        )
    if recover and not deleted and not asked.stands("Microsoft.KeyVault/vaults", name):
        yield Finding(
            check="vault",
            happened="There is no deleted vault to recover.",
            given=f"`vault.recover: true`, and no deleted vault {name}",
            allowed="`vault.recover: true` only where a deleted vault holds the name",
            fix="Set `vault.recover: false`.",
        )


def topics(asked: Question) -> Iterator[Finding]:
    """System topics of others on a source of ours: Azure allows one for each source."""
    own, group = asked.settings.names, asked.settings.names.resource_group
    ours = {own.lake_topic, own.registry_topic, own.workspace_topic}
    sources = {own.lake, own.registry, own.machine_learning}
    for topic in asked.subscription.listed("/providers/Microsoft.EventGrid/systemTopics", "2025-02-15"):
        source = str(topic["properties"]["source"])
        within = f"/resourcegroups/{group}/".lower() in source.lower()
        if within and source.rpartition("/")[2] in sources and topic["name"] not in ours:
            yield Finding(
                check="topics",
                happened="A source of events has a system topic already.",
                given=f"{topic['id']} on {source}",
                allowed="one system topic for each source, made by this stack",
                fix=f"Move its subscriptions, then `az eventgrid system-topic delete --ids {topic['id']}`.",
            )


def providers(asked: Question) -> Iterator[Finding]:
    """Resource providers that the subscription does not know yet."""
    told = {item["namespace"]: item["registrationState"] for item in asked.subscription.listed("/providers", "2021-04-01")}
    for namespace in NAMESPACES:
        state = told.get(namespace, "NotRegistered")
        if state != "Registered":
            yield Finding(
                check="providers",
                happened="A resource provider is not registered in the subscription.",
                given=f"{namespace}: {state}",
                allowed="Registered",
                fix=f"Run `az provider register --namespace {namespace}` and wait until it is done.",
            )


def features(asked: Question) -> Iterator[Finding]:
    """A feature of the subscription that a setting needs."""
    if not asked.settings.cluster.host_encryption:
        return
    told = asked.subscription.get(HOST_ENCRYPTION, "2021-07-01") or {"properties": {"state": "NotRegistered"}}
    if told["properties"]["state"] != "Registered":
        yield Finding(
            check="features",
            happened="`cluster.hostEncryption` needs a feature that the subscription does not have.",
            given=f"EncryptionAtHost: {told['properties']['state']}",
            allowed="Registered",
            fix="Run `az feature register --namespace Microsoft.Compute --name EncryptionAtHost`, or set the setting to false.",
        )


def rights(asked: Question) -> Iterator[Finding]:
    """Rights that the caller lacks."""
    held = list(asked.subscription.listed("/providers/Microsoft.Authorization/permissions", "2022-04-01"))
    for action in RIGHTS:
        if not any(_gives(item, action) for item in held):
            yield Finding(
                check="rights",
                happened="The caller may not do what a deployment does.",
                given=f"no role that gives {action}",
                allowed="*Contributor* and *Role Based Access Control Administrator* on the subscription, or *Owner*",
                fix="Log in as the identity of the foundation (`make bootstrap`), or ask an owner for these roles.",
            )


def _gives(permission: Mapping[str, Sequence[str]], action: str) -> bool:
    """Whether a permission gives an action; names of actions are compared without case."""
    given, taken = permission.get("actions", ()), permission.get("notActions", ())
    return _any_fits(given, action) and not _any_fits(taken, action)


def _any_fits(patterns: Sequence[str], action: str) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


CHECKS: Sequence[Callable[[Question], Iterator[Finding]]] = (rights, providers, features, names, vault, topics, quota)
"""All checks, those first without which others can't be trusted."""
