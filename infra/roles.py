"""The table of role assignments: who may do what where; nothing else in the platform gives a right."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from contracts.events import Hub
from contracts.names import BRONZE, DEAD_LETTER, FORECASTS, SCORING_LOGS, SILVER


class Principal(StrEnum):
    """Identities that hold roles: the six workloads' own, then those of Azure resources."""

    INGEST = "ingest"
    DATA = "data"
    TRAINING = "training"
    HANDLER = "handler"
    SCORING = "scoring"
    MONITOR = "monitor"
    ACCESS_CONNECTOR = "access-connector"
    WORKSPACE = "workspace"
    CLUSTER = "cluster"
    KUBELET = "kubelet"
    GRAFANA = "grafana"
    DEVOPS_POOLS = "devops-pools"
    LAKE_TOPIC = "lake-topic"
    REGISTRY_TOPIC = "registry-topic"
    WORKSPACE_TOPIC = "workspace-topic"


WORKLOADS = (
    Principal.INGEST,
    Principal.DATA,
    Principal.TRAINING,
    Principal.HANDLER,
    Principal.SCORING,
    Principal.MONITOR,
)
"""Principals that get a user-assigned identity and stand in the stack output `identities`."""


class Place(StrEnum):
    """Resources, other than hubs, on which roles are given; always one resource, never a group or subscription."""

    LAKE = "lake"
    LAKE_BRONZE = BRONZE
    LAKE_SILVER = SILVER
    ML_STORAGE = "ml-storage"
    SCORING_LOGS = SCORING_LOGS
    FORECASTS = FORECASTS
    DEAD_LETTER = DEAD_LETTER
    BUS = "bus"
    WORKSPACE = "workspace"
    REGISTRY = "registry"
    VAULT = "vault"
    INSIGHTS = "insights"
    CLUSTER_SUBNET = "cluster-subnet"
    METRICS = "metrics"
    NETWORK = "network"


type Scope = Place | Hub

WORKSPACE_CONTAINERS = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringStartsWith 'azureml'"
"""Only the containers that the ML workspace makes for itself, whose names are known first when it runs.

Source: "Actions and attributes for Azure role assignment conditions for Azure Blob Storage" (learn.microsoft.com).
"""


@dataclass(frozen=True)
class Assignment:
    """A built-in role (by name, see contracts.roles) for a principal on a resource, narrowed by a condition if any."""

    principal: Principal
    role: str
    scope: Scope
    condition: str | None = None


CONTRIBUTE = "Storage Blob Data Contributor"
READ = "Storage Blob Data Reader"
SEND = "Azure Event Hubs Data Sender"
RECEIVE = "Azure Event Hubs Data Receiver"
PULL = "AcrPull"
BUILD = "Container Registry Tasks Contributor"
SECRETS = "Key Vault Secrets User"
SCIENTIST = "AzureML Data Scientist"
METRICS = "Monitoring Metrics Publisher"
READ_METRICS = "Monitoring Data Reader"
JOIN = "Network Contributor"

TABLE: tuple[Assignment, ...] = (
    Assignment(Principal.INGEST, CONTRIBUTE, Place.LAKE_BRONZE),
    Assignment(Principal.DATA, CONTRIBUTE, Place.LAKE_BRONZE),
    Assignment(Principal.DATA, CONTRIBUTE, Place.LAKE_SILVER),
    Assignment(Principal.DATA, SEND, Place.BUS),
    Assignment(Principal.ACCESS_CONNECTOR, CONTRIBUTE, Place.LAKE),
    Assignment(Principal.TRAINING, READ, Place.LAKE_SILVER),
    Assignment(Principal.TRAINING, CONTRIBUTE, Place.FORECASTS),
    # Datastores without keys: a job reads its code and writes its outputs as the cluster's identity.
    Assignment(Principal.TRAINING, CONTRIBUTE, Place.ML_STORAGE, WORKSPACE_CONTAINERS),
    Assignment(Principal.TRAINING, PULL, Place.REGISTRY),
    Assignment(Principal.TRAINING, BUILD, Place.REGISTRY),
    Assignment(Principal.TRAINING, SCIENTIST, Place.WORKSPACE),
    Assignment(Principal.TRAINING, SEND, Place.BUS),
    Assignment(Principal.HANDLER, RECEIVE, Place.BUS),
    Assignment(Principal.HANDLER, SEND, Place.BUS),
    Assignment(Principal.HANDLER, READ, Place.LAKE_BRONZE),
    Assignment(Principal.HANDLER, SCIENTIST, Place.WORKSPACE),
    # The labels of a pushed image tell whether it is to be released.
    Assignment(Principal.HANDLER, PULL, Place.REGISTRY),
    Assignment(Principal.SCORING, READ, Place.FORECASTS),
    Assignment(Principal.SCORING, CONTRIBUTE, Place.SCORING_LOGS),
    Assignment(Principal.SCORING, PULL, Place.REGISTRY),
    Assignment(Principal.SCORING, SECRETS, Place.VAULT),
    Assignment(Principal.MONITOR, READ, Place.LAKE_SILVER),
    Assignment(Principal.MONITOR, READ, Place.SCORING_LOGS),
    Assignment(Principal.MONITOR, READ, Place.FORECASTS),
    Assignment(Principal.MONITOR, SEND, Place.BUS),
    Assignment(Principal.MONITOR, METRICS, Place.INSIGHTS),
    Assignment(Principal.WORKSPACE, CONTRIBUTE, Place.ML_STORAGE, WORKSPACE_CONTAINERS),
    Assignment(Principal.WORKSPACE, PULL, Place.REGISTRY),
    Assignment(Principal.WORKSPACE, SECRETS, Place.VAULT),
    # Nodes are put into the subnet, and internal load balancers take addresses there.
    Assignment(Principal.CLUSTER, JOIN, Place.CLUSTER_SUBNET),
    Assignment(Principal.KUBELET, PULL, Place.REGISTRY),
    Assignment(Principal.GRAFANA, READ_METRICS, Place.METRICS),
    # The service that makes agents puts them into the network ("Configure Managed DevOps Pools networking").
    Assignment(Principal.DEVOPS_POOLS, JOIN, Place.NETWORK),
    Assignment(Principal.LAKE_TOPIC, SEND, Hub.DATA_DELIVERY),
    Assignment(Principal.LAKE_TOPIC, CONTRIBUTE, Place.DEAD_LETTER),
    Assignment(Principal.REGISTRY_TOPIC, SEND, Hub.ARTIFACT_REGISTRY),
    Assignment(Principal.REGISTRY_TOPIC, CONTRIBUTE, Place.DEAD_LETTER),
    Assignment(Principal.WORKSPACE_TOPIC, SEND, Hub.MODEL_REGISTRY),
    Assignment(Principal.WORKSPACE_TOPIC, SEND, Hub.TRAINING_RUN_COMPLETED),
    Assignment(Principal.WORKSPACE_TOPIC, SEND, Hub.TRAINING_RUN_FAILED),
    Assignment(Principal.WORKSPACE_TOPIC, SEND, Hub.DRIFT),
    Assignment(Principal.WORKSPACE_TOPIC, CONTRIBUTE, Place.DEAD_LETTER),
)
