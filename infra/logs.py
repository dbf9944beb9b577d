"""The table of diagnostic settings: which logs each part of the platform writes into Log Analytics.

Source: "Supported resource log categories for Azure Monitor" (learn.microsoft.com).
"""

from __future__ import annotations

from dataclasses import dataclass

from infra.parts import Part


@dataclass(frozen=True, kw_only=True)
class LogSource:
    """Groups of categories, or categories by name, of a part; `below` is the sub-resource that writes them."""

    part: Part
    groups: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    below: str = ""


EVERYTHING, AUDIT = ("allLogs",), ("audit",)
BLOBS = "/blobServices/default"
CONTROL_PLANE = ("kube-audit-admin", "guard", "cluster-autoscaler", "kube-controller-manager", "cloud-controller-manager")
"""Logs of AKS without reads, which `kube-audit` would add at many times the volume."""

TABLE: tuple[LogSource, ...] = (
    LogSource(part=Part.LAKE, groups=AUDIT, below=BLOBS),
    LogSource(part=Part.ML_STORAGE, groups=AUDIT, below=BLOBS),
    LogSource(part=Part.VAULT, groups=EVERYTHING),
    LogSource(part=Part.REGISTRY, groups=EVERYTHING),
    LogSource(part=Part.BUS, groups=EVERYTHING),
    LogSource(part=Part.DATABRICKS, groups=EVERYTHING),
    LogSource(part=Part.WORKSPACE, groups=EVERYTHING),
    LogSource(part=Part.CLUSTER, categories=CONTROL_PLANE),
    LogSource(part=Part.NETWORK, groups=EVERYTHING),
    LogSource(part=Part.LAKE_TOPIC, groups=EVERYTHING),
    LogSource(part=Part.REGISTRY_TOPIC, groups=EVERYTHING),
    LogSource(part=Part.WORKSPACE_TOPIC, groups=EVERYTHING),
    LogSource(part=Part.LOG_ANALYTICS, groups=AUDIT),
)
