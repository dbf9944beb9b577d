"""Which kinds of resources cost money by which meters, which are free, and which have no price here."""

from __future__ import annotations

from cost.metered import Meter
from cost.meters import compute, data, monitoring, network

METERS: dict[str, Meter] = {
    "azure-native:containerregistry:AgentPool": compute.build_pool,
    "azure-native:containerregistry:Registry": compute.registry,
    "azure-native:containerservice:ManagedCluster": compute.cluster,
    "azure-native:databricks:Workspace": compute.databricks,
    "azure-native:eventgrid:SystemTopic": data.system_topic,
    "azure-native:eventhub:Namespace": data.event_hubs,
    "azure-native:keyvault:Vault": data.vault,
    "azure-native:machinelearningservices:Compute": compute.training_cluster,
    "azure-native:monitor:MetricAlert": monitoring.metric_alert,
    "azure-native:monitor:ScheduledQueryRule": monitoring.log_alert,
    "azure-native:network:NatGateway": network.nat_gateway,
    "azure-native:network:PrivateEndpoint": network.private_endpoint,
    "azure-native:network:PublicIPAddress": network.public_address,
    "azure-native:operationalinsights:Workspace": data.log_workspace,
    "azure-native:privatedns:PrivateZone": network.private_zone,
    "azure-native:storage:StorageAccount": data.storage_account,
    "kubernetes:core/v1:Service": network.kubernetes_service,
}

UNPRICED: dict[str, str] = {
    "azure-native:containerinstance:ContainerGroup": "vCPU and memory by the second while a release is in QA",
    "azure-native:dashboard:Grafana": "by the hour and active user",
    "azure-native:devopsinfrastructure:Pool": "machines by the minute while pipelines run",
    "azure-native:monitor:AzureMonitorWorkspace": "samples of managed Prometheus by the million",
    "kubernetes:apps/v1:StatefulSet": "a managed disk for each of its claims; it runs on the cluster's nodes",
}
"""Billable kinds for whose meter no public source was found; they are listed, and never count as nothing."""

_PART = "its cost is counted at the resource that it is a part of"
_RIGHT = "says who may do what, or what is watched"
_RUNS_ON_NODES = "runs on the cluster's nodes"

FREE: dict[str, str] = {
    "azure-native:alertsmanagement:PrometheusRuleGroup": _RIGHT,
    "azure-native:alertsmanagement:SmartDetectorAlertRule": _RIGHT,
    "azure-native:applicationinsights:Component": "its data are counted at the log workspace",
    "azure-native:applicationinsights:Workbook": "only the data that it asks for are counted, at the log workspace",
    "azure-native:authorization:RoleAssignment": _RIGHT,
    "azure-native:consumption:Budget": _RIGHT,
    "azure-native:containerservice:MaintenanceConfiguration": _PART,
    "azure-native:dashboard:Dashboard": "only the data that it asks for are counted, where they lie",
    "azure-native:dashboard:DashboardDefinition": _PART,
    "azure-native:databricks:AccessConnector": _RIGHT,
    "azure-native:devcenter:DevCenter": "what its pools run is counted there",
    "azure-native:devcenter:Project": "what its pools run is counted there",
    "azure-native:eventgrid:SystemTopicEventSubscription": _PART,
    "azure-native:eventhub:ConsumerGroup": _PART,
    "azure-native:eventhub:EventHub": _PART,
    "azure-native:eventhub:NamespaceNetworkRuleSet": _PART,
    "azure-native:machinelearningservices:Workspace": "its machines and storage are counted where they are",
    "azure-native:managedidentity:FederatedIdentityCredential": _RIGHT,
    "azure-native:managedidentity:UserAssignedIdentity": _RIGHT,
    "azure-native:monitor:ActionGroup": "the first 1,000 e-mails a month are free",
    "azure-native:monitor:DataCollectionEndpoint": _PART,
    "azure-native:monitor:DataCollectionRule": "its data are counted where they arrive",
    "azure-native:monitor:DataCollectionRuleAssociation": _PART,
    "azure-native:monitor:DiagnosticSetting": "its data are counted at the log workspace",
    "azure-native:network:NetworkSecurityGroup": _PART,
    "azure-native:network:PrivateDnsZoneGroup": _PART,
    "azure-native:network:VirtualNetwork": "only what enters and leaves it is counted",
    "azure-native:privatedns:VirtualNetworkLink": _PART,
    "azure-native:resources:ResourceGroup": _PART,
    "azure-native:storage:BlobContainer": _PART,
    "azure-native:storage:BlobServiceProperties": _PART,
    "azure-native:storage:ManagementPolicy": _PART,
    "kubernetes:apps/v1:Deployment": _RUNS_ON_NODES,
    "kubernetes:core/v1:ConfigMap": _PART,
    "kubernetes:core/v1:Namespace": _PART,
    "kubernetes:core/v1:ServiceAccount": _RIGHT,
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": _RIGHT,
    "kubernetes:policy/v1:PodDisruptionBudget": _RIGHT,
    "kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass": _PART,
}
