"""Rules for the nodes of Kubernetes clusters, declared with the cluster or as pools of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from pulumi_policy import Severity

from .checks import between, each, equal, unset_or_false
from .cluster import CLUSTER, DOCS
from .properties import is_list, read, texts
from .rule import Check, Rule
from .sources import built_in, checkov, ckv, pol, psrule

POOL = "azure-native:containerservice:AgentPool"
PROFILES = "agentPoolProfiles[]"
TAINT = "CriticalAddonsOnly=true:NoSchedule"
LEAST_PODS, MOST_NODES, LEAST_ZONES = 50, 10, 2

_pools = partial(Rule, kinds=(CLUSTER, POOL))


def _pool(check: Callable[[str], Check], name: str) -> tuple[Check, Check]:
    """The same check of a property, in the cluster's list of pools and on a pool of its own."""
    return replace(check(f"{PROFILES}.{name}"), on=(CLUSTER,)), replace(check(name), on=(POOL,))


def _whole(holds: Callable[[object], bool], words: str, *reads: str) -> tuple[Check, Check]:
    """The same check of a whole pool, in the cluster's list and on its own."""
    return replace(each(PROFILES, holds, words, *reads), on=(CLUSTER,)), replace(each("", holds, words, *reads), on=(POOL,))


def _has_zones(value: object) -> bool:
    return is_list(value) and len(set(texts(value))) >= LEAST_ZONES


def _is_tainted(pool: object) -> bool:
    """Tell whether a pool is no system pool, or keeps workloads away."""
    if not isinstance(pool, Mapping):
        return False
    return read(pool, "mode") != "System" or TAINT in texts(read(pool, "nodeTaints"))


RULES = (
    _pools(
        id="aks-max-pods",
        title="Nodes take at least fifty pods",
        breach="A node is full of agents before it takes any work.",
        checks=_pool(partial(between, low=LEAST_PODS, high=250), "maxPods"),
        severity=Severity.LOW,
        source=psrule("18", ckv(168)),
        remedy="Set max_pods to 50 or more; it can't be changed on a pool that exists.",
        url=f"{DOCS}/quotas-skus-regions",
    ),
    _pools(
        id="aks-scale-sets",
        title="Nodes are scale sets",
        breach="Availability sets can't scale by themselves and are being retired.",
        checks=_pool(partial(equal, wanted="VirtualMachineScaleSets"), "type"),
        severity=Severity.MEDIUM,
        source=psrule("17", ckv(169)),
        remedy='Set type="VirtualMachineScaleSets" on the pool.',
        url=f"{DOCS}/create-node-pools",
    ),
    _pools(
        id="aks-ephemeral-os",
        title="Nodes keep nothing on their system disks",
        breach="What an intruder leaves on a node's disk outlives the node's restart.",
        checks=_pool(partial(equal, wanted="Ephemeral"), "osDiskType"),
        severity=Severity.LOW,
        source=checkov("226", "PSRule Azure.AKS.EphemeralOSDisk"),
        remedy="Set cluster.osDisk: Ephemeral in Pulumi.<stack>.yaml, with a machine size whose cache is large enough.",
        url=f"{DOCS}/concepts-storage",
    ),
    _pools(
        id="aks-host-encryption",
        title="Nodes' disks are encrypted on their host",
        breach="Temporary disks and caches of the nodes lie in clear.",
        checks=_pool(partial(equal, wanted=True), "enableEncryptionAtHost"),
        severity=Severity.MEDIUM,
        source=checkov("227", pol("41425d9f")),
        remedy="Set cluster.hostEncryption: true; the subscription needs the feature EncryptionAtHost.",
        url=f"{DOCS}/enable-host-encryption",
    ),
    _pools(
        id="aks-autoscale",
        title="Nodes come and go with the work, up to ten",
        breach="Nodes stand idle, or their number has no end.",
        checks=(
            *_pool(partial(equal, wanted=True), "enableAutoScaling"),
            *_pool(partial(between, low=0, high=MOST_NODES), "minCount"),
            *_pool(partial(between, low=1, high=MOST_NODES), "maxCount"),
        ),
        severity=Severity.MEDIUM,
        source=psrule("19"),
        remedy="Set enable_auto_scaling=True with min_count and a max_count of ten or less.",
        url=f"{DOCS}/cluster-autoscaler",
    ),
    _pools(
        id="aks-zones",
        title="Nodes stand in two zones or more",
        breach="The loss of one zone is the loss of the service.",
        checks=_pool(lambda path: Check(path, _has_zones, f"{path} = two zones or more"), "availabilityZones"),
        severity=Severity.MEDIUM,
        source=psrule("21"),
        remedy="Set cluster.zones in Pulumi.<stack>.yaml; they can't be changed on a pool that exists.",
        url=f"{DOCS}/availability-zones",
    ),
    _pools(
        id="aks-no-node-public-ip",
        title="Nodes have no public addresses",
        breach="Every node stands on a public address.",
        checks=_pool(unset_or_false, "enableNodePublicIP"),
        severity=Severity.HIGH,
        source=checkov("143"),
        remedy="Set enable_node_public_ip=False on the pool.",
        url=f"{DOCS}/use-node-public-ips",
    ),
    _pools(
        id="aks-system-pool-taint",
        title="System pools keep workloads away",
        breach="A workload that takes all memory takes the cluster's DNS with it.",
        checks=_whole(_is_tainted, f"nodeTaints with {TAINT} on system pools", "mode", "nodeTaints"),
        severity=Severity.LOW,
        source=checkov("232"),
        remedy=f'Set node_taints=["{TAINT}"] on the system pool, and give workloads a pool of their own.',
        url=f"{DOCS}/use-system-pools",
    ),
    _pools(
        id="aks-no-node-ssh",
        title="Nodes open no SSH port",
        breach="Whoever holds the key of the cluster's first day gets onto every node.",
        checks=_pool(partial(equal, wanted="Disabled"), "securityProfile.sshAccess"),
        severity=Severity.LOW,
        source=built_in("28257686"),
        remedy='Set security_profile.ssh_access="Disabled" on the pool.',
        url=f"{DOCS}/manage-ssh-node-access",
    ),
)
