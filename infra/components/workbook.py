"""Workbook: the panels that people look at first, as code."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import applicationinsights

from infra.panels import TABLE, Panel
from infra.placement import Placement

QUERY_ITEM, LOGS = 3, 0
"""Kinds of items and of queries in a workbook's own format (github.com/microsoft/Application-Insights-Workbooks)."""
LAST_WEEK = {"durationMs": 604_800_000}


@dataclass(frozen=True, kw_only=True)
class WorkbookArgs:
    """The workspace whose logs are asked."""

    placement: Placement
    log_analytics_id: pulumi.Input[str]


class Workbook(pulumi.ComponentResource):
    """One workbook with a panel for each row of infra.panels."""

    def __init__(self, name: str, args: WorkbookArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:infra:Workbook", name, None, opts)
        placement = args.placement
        applicationinsights.Workbook(
            name,
            # Azure takes a GUID for the name and shows another one to people.
            resource_name_=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{placement.names.resource_group}|{name}")),
            display_name=f"Forecasting ({placement.names.resource_group})",
            resource_group_name=placement.resource_group,
            location=placement.location,
            kind="shared",
            category="workbook",
            source_id=args.log_analytics_id,
            serialized_data=_content(),
            tags=placement.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def _content() -> str:
    items = [_item(number, panel) for number, panel in enumerate(TABLE)]
    return json.dumps({"version": "Notebook/1.0", "items": items}, sort_keys=True)


def _item(number: int, panel: Panel) -> dict[str, object]:
    asked = {
        "version": "KqlItem/1.0",
        "query": panel.query,
        "size": 0,
        "title": panel.title,
        "timeContext": LAST_WEEK,
        "queryType": LOGS,
        "resourceType": "microsoft.operationalinsights/workspaces",
        "visualization": panel.shown,
    }
    return {"type": QUERY_ITEM, "content": asked, "name": f"panel-{number}"}
