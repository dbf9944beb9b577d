"""Rules for Azure Machine Learning: workspaces and their training clusters."""

from __future__ import annotations

import re
from functools import partial

from pulumi_policy import Severity

from .checks import between, equal, filled, none_of, one_of, unset_or_false
from .properties import Properties, read
from .rule import Check, Rule, Terms
from .sources import benchmark, built_in, checkov, ckv, ckv2, own, pol, psrule, well_architected

DOCS = "https://learn.microsoft.com/azure/machine-learning"
CLUSTERS = f"{DOCS}/how-to-create-attach-compute-cluster"
NODES = "properties.properties"
DURATION = re.compile(r"PT(?=\d)(?:(\d{1,4})H)?(?:(\d{1,4})M)?(?:(\d{1,4})S)?")
LONGEST_IDLE_SECONDS = 30 * 60


def _is_cluster(properties: Properties) -> bool:
    """Tell whether the compute is a cluster; one whose type can't be read is judged as one."""
    kind = read(properties, "properties.computeType")
    return not isinstance(kind, str) or kind.casefold() == "amlcompute"


def _is_short(value: object) -> bool:
    """Tell whether an ISO 8601 duration is at most half an hour."""
    found = DURATION.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return False
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return 0 < hours * 3600 + minutes * 60 + seconds <= LONGEST_IDLE_SECONDS


def _nodes(terms: Terms) -> tuple[Check, ...]:
    return (between(f"{NODES}.scaleSettings.maxNodeCount", 1, terms["maxNodes"]),)


_workspace = partial(Rule, kinds=("azure-native:machinelearningservices:Workspace",))
_cluster = partial(Rule, kinds=("azure-native:machinelearningservices:Compute",), applies=_is_cluster)

RULES = (
    _workspace(
        id="aml-public",
        title="ML workspaces have no public address",
        breach="The workspace answers on a public address to everyone who has a login.",
        # Checkov passes when it is missing, and Azure then opens the workspace: the value must be there.
        checks=(equal("publicNetworkAccess", wanted="Disabled"),),
        severity=Severity.HIGH,
        source=psrule("406", ckv(144), ckv2(49), pol("438c38d2")),
        remedy='Set public_network_access="Disabled" on the Workspace and give it a private endpoint.',
        url=f"{DOCS}/how-to-configure-private-link",
    ),
    _workspace(
        id="aml-no-vnet-bypass",
        title="ML workspaces have no second door beside their network",
        breach="The workspace stays open to the world although it stands in a network.",
        checks=(unset_or_false("allowPublicAccessWhenBehindVnet"),),
        severity=Severity.HIGH,
        source=psrule("Azure.ML.PublicAccess"),
        remedy="Set allow_public_access_when_behind_vnet=False on the Workspace.",
        url=f"{DOCS}/how-to-secure-workspace-vnet",
    ),
    _workspace(
        id="aml-user-identity",
        title="ML workspaces act as an identity that is given",
        breach="The workspace's identity ends with it, and its roles can be given only after it was made.",
        checks=(equal("identity.type", wanted="UserAssigned"), filled("primaryUserAssignedIdentity")),
        severity=Severity.MEDIUM,
        source=psrule("407", pol("5f0c7d88")),
        remedy='Set identity.type="UserAssigned" and primary_user_assigned_identity on the Workspace.',
        url=f"{DOCS}/how-to-identity-based-service-authentication",
    ),
    _workspace(
        id="aml-identity-datastores",
        title="Datastores are opened by identity",
        breach="Datastores hold account keys, and the storage account must accept keys for their sake.",
        checks=(one_of("systemDatastoresAuthMode", "identity", "Identity"),),
        severity=Severity.HIGH,
        source=own("storage without keys"),
        remedy='Set system_datastores_auth_mode="identity" on the Workspace.',
        url=f"{DOCS}/how-to-disable-local-auth-storage",
    ),
    _cluster(
        id="amlc-min-zero",
        title="Training clusters shrink to nothing",
        breach="The cluster may keep nodes, and their bill, while nothing is trained.",
        checks=(between(f"{NODES}.scaleSettings.minNodeCount", 0, 0),),
        severity=Severity.MEDIUM,
        source=checkov("150", "Azure Well-Architected Framework, Cost Optimization"),
        remedy="Set properties.properties.scale_settings.min_node_count=0 on the Compute.",
        url=CLUSTERS,
    ),
    _cluster(
        id="amlc-max-nodes",
        title="Training clusters have a largest size",
        breach="One wrong loop can rent more machines than the stack may pay for.",
        checks=_nodes,
        severity=Severity.MEDIUM,
        source=well_architected("Cost Optimization, service guide for Azure Machine Learning"),
        remedy="Set compute.cpuMaxNodes and gpuMaxNodes in Pulumi.<stack>.yaml within policy/config.<stack>.json.",
        url=CLUSTERS,
        terms={"maxNodes": {"type": "number", "default": 8}},
    ),
    _cluster(
        id="amlc-idle",
        title="Idle training nodes leave within half an hour",
        breach="Machines wait for work that does not come.",
        checks=(Check(f"{NODES}.scaleSettings.nodeIdleTimeBeforeScaleDown", _is_short, "a duration from PT1S to PT30M"),),
        severity=Severity.MEDIUM,
        source=psrule("403"),
        remedy="Set compute.idle in Pulumi.<stack>.yaml to PT30M or less.",
        url=f"{DOCS}/how-to-manage-optimize-cost",
    ),
    _cluster(
        id="amlc-no-local-auth",
        title="Training nodes have no local accounts",
        breach="Nodes may be entered by key or password, past Entra.",
        checks=(equal("properties.disableLocalAuth", wanted=True),),
        severity=Severity.HIGH,
        source=psrule("404", ckv(142), pol("e96a9a5f")),
        remedy="Set properties.disable_local_auth=True on the Compute.",
        url=CLUSTERS,
    ),
    _cluster(
        id="amlc-no-ssh",
        title="Training nodes open no SSH port",
        breach="Every node may be reached by SSH from outside.",
        # The SDK sends NotSpecified, which leaves it to whether there is a subnet.
        checks=(equal(f"{NODES}.remoteLoginPortPublicAccess", wanted="Disabled"),),
        severity=Severity.HIGH,
        source=benchmark("NS-2"),
        remedy='Set properties.properties.remote_login_port_public_access="Disabled" on the Compute.',
        url=CLUSTERS,
    ),
    _cluster(
        id="amlc-no-public-ip",
        title="Training nodes have no public addresses",
        breach="Every node stands on a public address.",
        # The SDK sends true; false needs a subnet, or the workspace's managed network.
        checks=(equal(f"{NODES}.enableNodePublicIp", wanted=False),),
        severity=Severity.HIGH,
        source=built_in("7804b5c7"),
        remedy="Set properties.properties.enable_node_public_ip=False and a subnet on the Compute.",
        url=f"{DOCS}/how-to-secure-training-vnet",
    ),
    _cluster(
        id="amlc-identity",
        title="Jobs run as an identity that is given",
        breach="Jobs have no identity, or one that can be given roles only after the cluster was made.",
        checks=(none_of("identity.type", "None", "SystemAssigned"),),
        severity=Severity.MEDIUM,
        source=benchmark("IM-3"),
        remedy='Set identity.type="UserAssigned" with the training identity on the Compute.',
        url=f"{DOCS}/how-to-identity-based-service-authentication",
    ),
)
