"""Rules for Azure Machine Learning computes."""

from __future__ import annotations

from pulumi_policy import Severity

from .properties import read
from .rule import Check, Framework, Properties, Rule


def _is_cluster(properties: Properties) -> bool:
    """Tell whether the compute is a cluster; one whose type can't be read is judged as one."""
    kind = read(properties, "properties.computeType")
    return not isinstance(kind, str) or kind.casefold() == "amlcompute"


def _is_zero(value: object) -> bool:
    # The engine hands every number over as a float.
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == 0


RULES = (
    Rule(
        id="amlc-min-zero",
        title="Training clusters shrink to nothing",
        demand="A training cluster must give back all its nodes when no job runs.",
        breach="The cluster may keep nodes, and their bill, while nothing is trained.",
        kinds=("azure-native:machinelearningservices:Compute",),
        checks=(
            Check(
                "properties.properties.scaleSettings.minNodeCount",
                _is_zero,
                "properties.properties.scaleSettings.minNodeCount = 0, stated explicitly",
            ),
        ),
        severity=Severity.MEDIUM,
        framework=Framework("Checkov", "3.3.30", "CKV_AZURE_150", "Azure Well-Architected Framework, Cost Optimization"),
        remedy="Set properties.properties.scale_settings.min_node_count=0 on the Compute.",
        url="https://learn.microsoft.com/azure/machine-learning/how-to-create-attach-compute-cluster",
        applies=_is_cluster,
    ),
)
