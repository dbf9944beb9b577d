"""The model card: what a model was made of and by, how far it errs and where, what the gate said, and what it is not for.

Form after Mitchell et al., "Model Cards for Model Reporting" (FAT* 2019).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ml_pipelines.forecasting.metrics import FIGURES
from ml_pipelines.steps.measured import CHALLENGER
from ml_pipelines.steps.prepared import Prepared
from ml_pipelines.steps.trained import Trained

CARD = "card.md"
WORST = 5
LIMITS = (
    "It forecasts means: sums over series are unbiased, a single slow seller's day is not told.",
    "Covariates count as known over the whole horizon; a promotion that is not in the data is not in the forecast.",
    "Sales are taken for demand: what was sold out is learnt as not wanted.",
    "Intervals hold 90 % over many series and periods, not for each series alone, and only while sales keep their ways.",
    "Series that it has not seen are forecast from their own first sales, without a category of their own.",
)


def card(body: Mapping[str, Any], facts: Trained, prepared: Prepared, breakdown: Mapping[str, Any]) -> str:
    """The card in Markdown; `body` is the content of decision.json and `breakdown` that of breakdown.json."""
    sections = {
        "Data": _data(prepared),
        "Recipe": _recipe(facts),
        "Errors over the judged window": _methods(body["metrics"]),
        "Errors by decile of volume, the slowest first": _parts(breakdown["decile"], sorted(breakdown["decile"], key=int)),
        "The worst stores": _parts(breakdown["store"], _worst(breakdown["store"])),
        "The worst items": _parts(breakdown["item"], _worst(breakdown["item"])),
        "By period ahead": _ahead(breakdown),
        f"The gate: {body['decision']}": _gate(body["reasons"]),
        "Limits": [f"- {text}" for text in LIMITS],
    }
    lines = [f"# Model card of {body['model_name']}, trained on {facts.data_version}", ""]
    for title, content in sections.items():
        lines += [f"## {title}", "", *content, ""]
    return "\n".join(lines)


def _data(prepared: Prepared) -> list[str]:
    panel, facts = prepared.panel, prepared.facts
    stores, items = (len(set(names)) for names in (panel.stores, panel.items))
    told = {
        "data version": facts.data_version,
        "content": facts.content_hash,
        "series": f"{len(panel.unique_ids):,} ({stores:,} stores, {items:,} items)",
        "periods": f"{panel.periods:,} {panel.frequency}, {panel.ds[0]} to {panel.ds[-1]} UTC",
        "covariates known ahead": ", ".join(sorted(panel.covariates)) or "none",
    }
    return _pairs(told)


def _recipe(facts: Trained) -> list[str]:
    told = {
        "rung of the ladder": facts.rung,
        "settings other than the default": facts.overrides or "none",
        "recipe": facts.recipe,
        "sources": facts.code,
        "fitted on": f"the first {facts.cutoff:,} periods",
        "horizon and gap": f"{facts.horizon} and {facts.gap} periods",
    }
    return _pairs(told)


def _methods(metrics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    names = [CHALLENGER, *sorted(name for name in metrics if name != CHALLENGER)]
    return _table(("method", *FIGURES), ([name, *(_number(metrics[name].get(column)) for column in FIGURES)] for name in names))


def _parts(found: Mapping[str, Mapping[str, Any]], names: Sequence[str]) -> list[str]:
    columns = ("series", "sold", "wape", "bias", "coverage", "interval_score")
    return _table(("", *columns), ([name, *(_number(found[name][column]) for column in columns)] for name in names))


def _worst(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    known = [name for name in found if found[name]["wape"] is not None]
    return sorted(known, key=lambda name: (-found[name]["wape"], name))[:WORST]


def _ahead(breakdown: Mapping[str, Any]) -> list[str]:
    columns = (breakdown["horizon"][CHALLENGER], breakdown["coverage"], breakdown["interval_score"])
    rows = ([str(step), *map(_number, figures)] for step, figures in enumerate(zip(*columns, strict=True), 1))
    return _table(("period", "error as a share of a period's sales", "coverage", "interval_score"), rows)


def _gate(reasons: Iterable[Mapping[str, Any]]) -> list[str]:
    return _table(
        ("rule", "held", "what was measured"), ([one["rule"], "yes" if one["held"] else "**no**", one["text"]] for one in reasons)
    )


def _pairs(told: Mapping[str, str]) -> list[str]:
    return [f"- {name}: {text}" for name, text in told.items()]


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    made = ["| " + " | ".join(row) + " |" for row in rows]
    return ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns), *made]


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value == int(value) and abs(value) >= 1 else f"{value:.4f}"
