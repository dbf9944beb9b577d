"""Alerts: by what they watch and how often they look."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cost.metered import Metered
from cost.usage import Usage


def metric_alert(inputs: Mapping[str, Any], _: Usage) -> Iterator[Metered]:
    """One time series for each criterion and resource watched."""
    criteria = len(inputs.get("criteria", {}).get("allOf", ())) or 1
    yield Metered(meter="monitor/metric-series", quantity=float(criteria * (len(inputs.get("scopes", ())) or 1)))


def log_alert(inputs: Mapping[str, Any], _: Usage) -> Iterator[Metered]:
    """A rule, dearer the more often it looks."""
    found = re.fullmatch(r"PT(\d+)([MH])", str(inputs.get("evaluationFrequency", "")))
    minutes = int(found[1]) * (60 if found[2] == "H" else 1) if found else 5
    yield Metered(meter=f"monitor/log-rule-{next(step for step in (15, 10, 5, 1) if minutes >= step)}", quantity=1)
