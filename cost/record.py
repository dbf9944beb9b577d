"""The estimate for machines: the report, a comment on a pull request, a dashboard."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from cost.estimate import Estimate
from cost.metered import When


def record(found: Estimate) -> dict[str, Any]:
    """JSON of an estimate: totals by when they fall due, every line with its price's source, and what has no price."""
    return {
        "stack": found.stack,
        "region": found.region,
        "usd_a_month": {**{str(when): round(found.total(when), 2) for when in When}, "all": round(found.total(), 2)},
        "usd_a_training": None if found.per_training is None else round(found.per_training, 4),
        "budget": found.budget,
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
