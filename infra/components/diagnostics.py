"""Diagnostic settings: every part of the platform writes its logs into the one Log Analytics workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import monitor

from infra.logs import TABLE, LogSource
from infra.parts import Part

NAME = "to-log-analytics"


@dataclass(frozen=True, kw_only=True)
class DiagnosticsArgs:
    """ARM ids of what writes logs, and of the workspace that keeps them."""

    parts: Mapping[Part, pulumi.Input[str]]
    log_analytics_id: pulumi.Input[str]


class Diagnostics(pulumi.ComponentResource):
    """One setting for each row of infra.logs; tables are those of the services, not the shared one."""

    def __init__(self, name: str, args: DiagnosticsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:Diagnostics", name, None, opts)
        for row in TABLE:
            monitor.DiagnosticSetting(
                f"{row.part}-logs",
                name=NAME,
                resource_uri=pulumi.Output.concat(args.parts[row.part], row.below),
                workspace_id=args.log_analytics_id,
                log_analytics_destination_type="Dedicated",
                logs=_logs(row),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})


def _logs(row: LogSource) -> list[monitor.DiagnosticsLogSettingsArgs]:
    return [
        *(monitor.DiagnosticsLogSettingsArgs(category_group=group, enabled=True) for group in row.groups),
        *(monitor.DiagnosticsLogSettingsArgs(category=category, enabled=True) for category in row.categories),
    ]
