"""Telemetry: one Log Analytics workspace, and Application Insights that writes into it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import applicationinsights, operationalinsights

from infra.placement import Exports, Placement
from infra.sections import TelemetrySettings


@dataclass(frozen=True, kw_only=True)
class ObservabilityArgs:
    """Keeping time and daily cap."""

    placement: Placement
    settings: TelemetrySettings


class Observability(pulumi.ComponentResource):
    """Where traces, metrics and logs go; only identities may write, no instrumentation key opens it."""

    log_analytics_id: pulumi.Output[str]
    """ARM id of the Log Analytics workspace."""
    insights_id: pulumi.Output[str]
    """ARM id of Application Insights."""
    exports: Exports
    """Names and addresses for the stack's outputs."""

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:Observability", name, None, opts)
        self._args = args
        self.log_analytics_id = self._log_analytics().id
        self.insights_id = self._insights().id
        self.exports = {"insights_id": self.insights_id}
        self.register_outputs(self.exports)

    def _log_analytics(self) -> operationalinsights.Workspace:
        placement, settings = self._args.placement, self._args.settings
        return operationalinsights.Workspace(
            "log-analytics",
            workspace_name=placement.names.log_analytics,
            resource_group_name=placement.resource_group,
            location=placement.location,
            sku=operationalinsights.WorkspaceSkuArgs(name=operationalinsights.WorkspaceSkuNameEnum.PER_GB2018),
            retention_in_days=settings.retention_days,
            workspace_capping=operationalinsights.WorkspaceCappingArgs(daily_quota_gb=settings.daily_cap_gb),
            features=operationalinsights.WorkspaceFeaturesArgs(
                disable_local_auth=True, enable_log_access_using_only_resource_permissions=True
            ),
            public_network_access_for_ingestion=operationalinsights.PublicNetworkAccessType.ENABLED,
            public_network_access_for_query=operationalinsights.PublicNetworkAccessType.ENABLED,
            tags=placement.tags,
            opts=placement.kept(self),
        )

    def _insights(self) -> applicationinsights.Component:
        placement = self._args.placement
        return applicationinsights.Component(
            "insights",
            resource_name_=placement.names.insights,
            resource_group_name=placement.resource_group,
            location=placement.location,
            kind="web",
            application_type=applicationinsights.ApplicationType.WEB,
            ingestion_mode=applicationinsights.IngestionMode.LOG_ANALYTICS,
            workspace_resource_id=self.log_analytics_id,
            retention_in_days=self._args.settings.retention_days,
            disable_local_auth=True,
            disable_ip_masking=False,
            public_network_access_for_ingestion=applicationinsights.PublicNetworkAccessType.ENABLED,
            public_network_access_for_query=applicationinsights.PublicNetworkAccessType.ENABLED,
            tags=placement.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
