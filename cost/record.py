"""The estimate for machines: the report, a comment on a pull request, a dashboard."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from cost.estimate import Estimate, Line
from cost.metered import When


def record(found: Estimate) -> dict[str, Any]:
    """JSON of an estimate: totals by when they fall due, by meter, every line with its price's source, and what has no price."""
    return {
        "stack": found.stack,
        "region": found.region,
        "usd_a_month": {**{str(when): round(found.total(when), 2) for when in When}, "all": round(found.total(), 2)},
        "usd_a_training": None if found.per_training is None else round(found.per_training, 4),
        "budget": found.budget,
        "meters": _meters(found),
        "lines": [
            {
                "resource": line.resource,
                "type": line.type,
                "meter": line.metered.meter,
                "when": str(line.metered.when),
                "quantity": line.metered.quantity,
                "usd": round(line.usd, 4),
                "price": {**asdict(line.price), "as_of": line.price.as_of.isoformat()},
            }
            for line in found.lines
        ],
        "not_priced": [asdict(item) for item in found.unpriced],
        "free": dict(found.free),
        "usage": asdict(found.usage),
    }


def _meters(found: Estimate) -> list[dict[str, Any]]:
    """Lines of one meter and one time together, the dearest first; `resources` names those that it counts."""
    together: dict[tuple[str, When], list[Line]] = {}
    for line in found.lines:
        together.setdefault((line.metered.meter, line.metered.when), []).append(line)
    rows = [
        {
            "meter": meter,
            "when": str(when),
            "usd": round(sum(line.usd for line in lines), 4),
            "quantity": sum(line.metered.quantity for line in lines),
            "unit": lines[0].price.unit,
            "region": lines[0].price.region,
            "as_of": lines[0].price.as_of.isoformat(),
            "resources": [line.resource for line in lines],
        }
        for (meter, when), lines in together.items()
    ]
    return sorted(rows, key=lambda row: -row["usd"])
