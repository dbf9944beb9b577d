"""The platform, read from top to bottom: where it is, what it is made of, who may do what, what the stack tells."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import authorization, resources

from infra.components.bus import Bus, BusArgs
from infra.components.cluster import Cluster, ClusterArgs
from infra.components.databricks import Databricks, DatabricksArgs
from infra.components.deliveries import Deliveries, DeliveriesArgs
from infra.components.federation import Federation, FederationArgs
from infra.components.grants import Grants, GrantsArgs
from infra.components.identities import Identities, IdentitiesArgs
from infra.components.lake import Lake, LakeArgs
from infra.components.machine_learning import MachineLearning, MachineLearningArgs
from infra.components.ml_storage import MlStorage, MlStorageArgs
from infra.components.observability import Observability, ObservabilityArgs
from infra.components.registry import Registry, RegistryArgs
from infra.components.topics import Topics, TopicsArgs
from infra.components.vault import Vault, VaultArgs
from infra.placement import Placement
from infra.roles import Principal
from infra.settings import Settings
from infra.subscriptions import Source

settings = Settings.load(pulumi.Config())
client = authorization.get_client_config_output()
group_name = settings.names.resource_group
group = resources.ResourceGroup("group", resource_group_name=group_name, location=settings.location, tags=settings.tags)
here = Placement.of(settings, group.name, client)

identities = Identities("identities", IdentitiesArgs(placement=here))
lake = Lake("lake", LakeArgs(placement=here, settings=settings.storage))
ml_storage = MlStorage("ml-storage", MlStorageArgs(placement=here, settings=settings.storage))
registry = Registry("registry", RegistryArgs(placement=here, settings=settings.registry))
vault = Vault("vault", VaultArgs(placement=here, settings=settings.vault))
telemetry = Observability("observability", ObservabilityArgs(placement=here, settings=settings.telemetry))
bus = Bus("bus", BusArgs(placement=here, settings=settings.events))
databricks = Databricks("databricks", DatabricksArgs(placement=here))
cluster = Cluster("cluster", ClusterArgs(placement=here, settings=settings.cluster, log_analytics_id=telemetry.log_analytics_id))
Federation("federation", FederationArgs(placement=here, issuer_url=cluster.issuer_url, identities=identities.by_role))

grants = Grants("grants", GrantsArgs(placement=here))
scopes = {**lake.scopes, **ml_storage.scopes, **registry.scopes, **vault.scopes, **telemetry.scopes, **bus.scopes}
ml_args = MachineLearningArgs(
    placement=here,
    settings=settings.compute,
    workspace_identity_id=identities.workspace.id,
    training_identity_id=identities.by_role[Principal.TRAINING].id,
    storage_account_id=ml_storage.id,
    registry_id=registry.id,
    vault_id=vault.id,
    insights_id=telemetry.insights_id,
    ready=grants.grant({Principal.WORKSPACE: identities.workspace.principal_id}, scopes),
)
ml = MachineLearning("machine-learning", ml_args)
resource_ids = {Principal.ACCESS_CONNECTOR: databricks.connector_principal_id, Principal.KUBELET: cluster.kubelet_principal_id}
grants.grant({**identities.principal_ids, **resource_ids}, {**scopes, **ml.scopes})

sources = {Source.LAKE: lake.id, Source.REGISTRY: registry.id, Source.WORKSPACE: ml.id}
topics = Topics("topics", TopicsArgs(placement=here, sources=sources))
deliveries_args = DeliveriesArgs(
    placement=here,
    topics=topics.topic_names,
    hub_ids=bus.hub_ids,
    dead_letter_account_id=ml_storage.id,
    ready=grants.grant(topics.principal_ids, scopes),
)
Deliveries("deliveries", deliveries_args)

offers = (here, identities, lake, ml_storage, registry, vault, telemetry, bus, databricks, cluster, ml)
for field, value in (pair for offer in offers for pair in offer.exports.items()):
    pulumi.export(field, value)
