"""The table of role assignments: who may do what where; nothing else in the platform gives a right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from contracts.events import Hub
from contracts.names import BRONZE, DEAD_LETTER, FORECASTS, SCORING_LOGS, SILVER
from contracts.roles import WORKSPACE_CONTAINERS


class Principal(StrEnum):
    """Identities that hold roles: the five workloads' own, then those of Azure resources."""

    INGEST = "ingest"
    DATA = "data"
    TRAINING = "training"
    HANDLER = "handler"
    SCORING = "scoring"
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
    CLUSTER_SUBNET = "cluster-subnet"
    METRICS = "metrics"
    NETWORK = "network"


type Scope = Place | Hub


@dataclass(frozen=True)
class Assignment:
    """A built-in role (by name, see contracts.roles) for a principal on a resource: why, and narrowed by a condition if any."""

    principal: Principal
    role: str
    scope: Scope
    why: str
    condition: str | None = None


CONTRIBUTE = "Storage Blob Data Contributor"
READ = "Storage Blob Data Reader"
SEND = "Azure Event Hubs Data Sender"
RECEIVE = "Azure Event Hubs Data Receiver"
PULL = "AcrPull"
BUILD = "Container Registry Tasks Contributor"
SECRETS = "Key Vault Secrets User"
SCIENTIST = "AzureML Data Scientist"
READ_METRICS = "Monitoring Data Reader"
JOIN = "Network Contributor"

DELIVERS: Mapping[Principal, tuple[Hub, ...]] = {
    Principal.LAKE_TOPIC: (Hub.DATA_DELIVERY,),
    Principal.REGISTRY_TOPIC: (Hub.ARTIFACT_REGISTRY,),
    Principal.WORKSPACE_TOPIC: (Hub.MODEL_REGISTRY, Hub.TRAINING_RUN_COMPLETED, Hub.TRAINING_RUN_FAILED, Hub.DRIFT),
}
"""Hubs of each system topic's subscriptions (infra.subscriptions)."""

TABLE: tuple[Assignment, ...] = (
    Assignment(Principal.INGEST, CONTRIBUTE, Place.LAKE_BRONZE, "commits arriving sales"),
    Assignment(Principal.DATA, CONTRIBUTE, Place.LAKE_BRONZE, "reads sales, keeps refused rows beside them"),
    Assignment(Principal.DATA, CONTRIBUTE, Place.LAKE_SILVER, "writes panel and features"),
    Assignment(Principal.DATA, SEND, Place.BUS, "tells of datasets, features and failures"),
    Assignment(Principal.ACCESS_CONNECTOR, CONTRIBUTE, Place.LAKE, "Unity Catalog opens the lake for jobs"),
    Assignment(Principal.TRAINING, READ, Place.LAKE_SILVER, "reads panel and features"),
    Assignment(Principal.TRAINING, CONTRIBUTE, Place.FORECASTS, "writes forecasts under their pointer"),
    Assignment(
        Principal.TRAINING,
        CONTRIBUTE,
        Place.ML_STORAGE,
        "reads its code and writes outputs of steps, since datastores have no keys",
        WORKSPACE_CONTAINERS,
    ),
    Assignment(Principal.TRAINING, PULL, Place.REGISTRY, "finds an image that is built already"),
    Assignment(Principal.TRAINING, BUILD, Place.REGISTRY, "has the image of the model built"),
    Assignment(Principal.TRAINING, SCIENTIST, Place.WORKSPACE, "tracks runs, registers models"),
    Assignment(Principal.HANDLER, RECEIVE, Place.BUS, "reads all hubs"),
    Assignment(Principal.HANDLER, SEND, Place.BUS, "puts on the hub `dead_letter` what it gives up on"),
    Assignment(Principal.HANDLER, READ, Place.LAKE_BRONZE, "reads a commit to tell data from upkeep"),
    Assignment(Principal.HANDLER, SCIENTIST, Place.WORKSPACE, "starts the training pipeline, reads runs and models"),
    Assignment(Principal.HANDLER, PULL, Place.REGISTRY, "reads the labels of a pushed image"),
    Assignment(Principal.SCORING, READ, Place.FORECASTS, "loads published forecasts"),
    Assignment(Principal.SCORING, CONTRIBUTE, Place.SCORING_LOGS, "keeps what was asked and answered"),
    Assignment(Principal.SCORING, PULL, Place.REGISTRY, "its container group in QA pulls by it"),
    Assignment(Principal.SCORING, SECRETS, Place.VAULT, "reads the certificate of its address"),
    Assignment(Principal.WORKSPACE, CONTRIBUTE, Place.ML_STORAGE, "keeps code, logs and outputs of jobs", WORKSPACE_CONTAINERS),
    Assignment(Principal.WORKSPACE, PULL, Place.REGISTRY, "takes environments as images"),
    Assignment(Principal.WORKSPACE, SECRETS, Place.VAULT, "reads the secrets of connections"),
    Assignment(Principal.CLUSTER, JOIN, Place.CLUSTER_SUBNET, "puts nodes and internal addresses into the subnet"),
    Assignment(Principal.KUBELET, PULL, Place.REGISTRY, "nodes pull images"),
    Assignment(Principal.GRAFANA, READ_METRICS, Place.METRICS, "shows metrics of the cluster"),
    # Source: "Configure Managed DevOps Pools networking" (learn.microsoft.com).
    Assignment(Principal.DEVOPS_POOLS, JOIN, Place.NETWORK, "puts agents into the network"),
    *(Assignment(topic, SEND, hub, "delivers events") for topic, hubs in DELIVERS.items() for hub in hubs),
    *(Assignment(topic, CONTRIBUTE, Place.DEAD_LETTER, "keeps what it can't deliver") for topic in DELIVERS),
)
