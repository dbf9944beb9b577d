"""Good inputs of every judged kind, and for every rule the changes that break it and nothing else."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi_policy import PolicyCustomTimeouts, PolicyResourceOptions, ResourceValidationArgs, ResourceValidationPolicy
from pulumi_policy.deserialize import deserialize_properties
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError, unknown_checking_proxy

from policy.rules import POLICIES, RULES

AZURE = "azure-native:"
ROLE = "/subscriptions/00000000-0000-0000-0000-000000000001/providers/Microsoft.Authorization/roleDefinitions/"
READER = ROLE + "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
HUB = {"endpointType": "EventHub", "resourceId": UNKNOWN_STRING_VALUE}
CONTAINER = {"endpointType": "StorageBlob", "resourceId": UNKNOWN_STRING_VALUE, "blobContainerName": "dead-letter"}
SUBSCRIPTION: dict[str, Any] = {
    "deliveryWithResourceIdentity": {"identity": {"type": "SystemAssigned"}, "destination": HUB},
    "deadLetterWithResourceIdentity": {"identity": {"type": "SystemAssigned"}, "deadLetterDestination": CONTAINER},
    "filter": {"includedEventTypes": ["Microsoft.Storage.BlobCreated", "Microsoft.Storage.BlobRenamed"]},
}
CLUSTER = {"computeType": "AmlCompute", "properties": {"scaleSettings": {"minNodeCount": 0, "maxNodeCount": 4}}}
ASSIGNMENT = {"roleDefinitionId": READER, "principalId": UNKNOWN_STRING_VALUE}

GOOD: dict[str, dict[str, Any]] = {
    "azure-native:storage:StorageAccount": {
        "enableHttpsTrafficOnly": True,
        "minimumTlsVersion": "TLS1_2",
        "allowBlobPublicAccess": False,
    },
    "azure-native:keyvault:Vault": {"properties": {"enableRbacAuthorization": True}},
    "azure-native:containerregistry:Registry": {"adminUserEnabled": False},
    "azure-native:eventhub:Namespace": {"disableLocalAuth": True},
    "azure-native:eventgrid:SystemTopicEventSubscription": SUBSCRIPTION,
    "azure-native:eventgrid:EventSubscription": SUBSCRIPTION,
    "azure-native:eventgrid:TopicEventSubscription": SUBSCRIPTION,
    "azure-native:eventgrid:DomainEventSubscription": SUBSCRIPTION,
    "azure-native:eventgrid:DomainTopicEventSubscription": SUBSCRIPTION,
    "azure-native:eventgrid:PartnerTopicEventSubscription": SUBSCRIPTION,
    "azure-native:machinelearningservices:Compute": {"properties": CLUSTER},
    "azure-native:containerservice:ManagedCluster": {"disableLocalAccounts": True},
    "azure-native:authorization:RoleAssignment": ASSIGNMENT,
    "azure-native:authorization:PimRoleEligibilitySchedule": ASSIGNMENT,
}
"""Inputs that satisfy every rule, by token; what Azure fills in is unknown, as it is in a first preview."""

BREACHES: dict[str, list[tuple[str, Any]]] = {
    "st-https": [("enableHttpsTrafficOnly", value) for value in (False, "true", 1, {}, [True])],
    "st-tls12": [("minimumTlsVersion", value) for value in ("TLS1_0", "TLS1_1", "TLS1_3", "tls1_2", "", 1.2)],
    "st-no-anonymous": [("allowBlobPublicAccess", value) for value in (True, "false", 0, [])],
    "kv-rbac": [("properties.enableRbacAuthorization", False), ("properties", {}), ("properties", "enableRbacAuthorization")],
    "acr-no-admin": [("adminUserEnabled", True), ("adminUserEnabled", "False")],
    "eh-no-local-auth": [("disableLocalAuth", False), ("disableLocalAuth", "yes")],
    "eg-identity-delivery": [
        ("destination", HUB),
        ("destination", {}),
        ("deliveryWithResourceIdentity.identity.type", "UserAssigned"),
        ("deliveryWithResourceIdentity.identity.type", "systemassigned"),
        ("deliveryWithResourceIdentity.destination", "the hub"),
        ("deliveryWithResourceIdentity", {}),
    ],
    "eg-dead-letter": [
        ("deadLetterWithResourceIdentity", {}),
        ("deadLetterWithResourceIdentity", {"deadLetterDestination": CONTAINER}),
        ("deadLetterWithResourceIdentity.identity.type", "UserAssigned"),
        ("deadLetterWithResourceIdentity.deadLetterDestination", "the container"),
    ],
    "eg-filtered": [
        ("filter", {}),
        *(("filter.includedEventTypes", value) for value in ([], ["All"], ["all "], [""], "Microsoft.Storage.BlobCreated", [1])),
        ("filter.includedEventTypes", ["Microsoft.Storage.BlobCreated", "ALL"]),
        ("filter.includedEventTypes", [UNKNOWN_STRING_VALUE, "All"]),
    ],
    "amlc-min-zero": [
        *(("properties.properties.scaleSettings.minNodeCount", value) for value in (1, "0", False, 0.5, -1)),
        ("properties.properties", {}),
        ("properties", {"properties": {"scaleSettings": {"minNodeCount": 1}}}),
        ("properties", {"computeType": "AMLCOMPUTE", "properties": {"scaleSettings": {"minNodeCount": 2}}}),
    ],
    "aks-no-local-accounts": [("disableLocalAccounts", False), ("disableLocalAccounts", "true")],
    "rbac-no-owner": [
        ("roleDefinitionId", ROLE + "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"),
        ("roleDefinitionId", ROLE + "b24988ac-6180-42a0-ab88-20f7382dd24c"),
        ("roleDefinitionId", ROLE + "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"),
        ("roleDefinitionId", ROLE + "f58310d9-a9f6-439a-9e8d-f62e7b41a168"),
        ("roleDefinitionId", (ROLE + "8e3af657-a8ff-443c-a75c-2fe8c4bcb635").upper()),
        ("roleDefinitionId", ROLE + "8e3af657-a8ff-443c-a75c-2fe8c4bcb635/"),
        ("roleDefinitionId", READER + "/.." + ROLE + "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"),
        ("roleDefinitionId", "Owner"),
        ("roleDefinitionId", 7),
    ],
}
"""By rule: one property of the good inputs and a value that breaks this rule."""


@dataclass(frozen=True)
class Finding:
    """What a run of the rules reported: the rule, and its message."""

    rule: str
    message: str


def changed(token: str, path: str, value: Any) -> dict[str, Any]:
    """Return the good inputs of a kind with one property replaced, or added."""
    properties = copy.deepcopy(GOOD[token])
    *parents, last = path.split(".")
    node = properties
    for name in parents:
        node = node.setdefault(name, {})
    node[last] = value
    return properties


def removed(token: str, path: str) -> dict[str, Any]:
    """Return the good inputs of a kind without one property."""
    properties = copy.deepcopy(GOOD[token])
    *parents, last = path.split(".")
    node = properties
    for name in parents:
        node = node[name]
    del node[last]
    return properties


def as_engine(properties: dict[str, Any]) -> Any:
    """Return inputs in the form in which the engine hands them to a policy: through the wire, numbers as floats."""
    wire = struct_pb2.Struct()
    wire.update(properties)
    return unknown_checking_proxy(deserialize_properties(json_format.MessageToDict(wire)))


def arguments(token: str, properties: dict[str, Any]) -> ResourceValidationArgs:
    """Return what the engine passes to a rule for one resource."""
    options = PolicyResourceOptions(
        protect=False,
        ignore_changes=[],
        delete_before_replace=None,
        aliases=[],
        custom_timeouts=PolicyCustomTimeouts(0, 0, 0),
        additional_secret_outputs=[],
    )
    return ResourceValidationArgs(token, as_engine(properties), f"urn:pulumi:dev::p::{token}::it", "it", options, None)


def judge(token: str, properties: dict[str, Any], without: str = "") -> tuple[list[Finding], set[str]]:
    """Run every rule but one; return the findings, and the ids of the rules that met an unknown value."""
    findings: list[Finding] = []
    undecided: set[str] = set()
    for policy in POLICIES:
        assert isinstance(policy, ResourceValidationPolicy)
        if policy.name == without:
            continue
        try:
            policy.validate(
                arguments(token, properties), lambda message, _=None, name=policy.name: findings.append(Finding(name, message))
            )
        except UnknownValueError:
            undecided.add(policy.name)
    return findings, undecided


def kinds(rule_id: str) -> tuple[str, ...]:
    """Return the tokens that a rule judges."""
    return next(rule.kinds for rule in RULES if rule.id == rule_id)
