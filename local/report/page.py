"""The report as one HTML file: the template beside this file, its style inline, drawings as SVG; no script."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from contracts.errors import FourPartError
from data_ops.checks import REASONS
from local.report.content import Content, Dot
from local.report.svg.charts import forecast, horizon, spread
from local.report.svg.estate import estate
from local.report.svg.lanes import lanes
from local.report.timeline import LANES
from ml_pipelines.forecasting.metrics import FIGURES

FILE = "report.html"
LARGEST = 400_000
"""Bytes of a page that still opens at once and goes into a mail."""
TEXT_LENGTH, TEXTS_LENGTH = 4_000, 150_000
"""Letters of JSON that one event, and all of them, take at most; the rest is in events.jsonl."""
WORST = 5
GOOD = frozenset({"promote", "refresh", "released", "unchanged"})
SMALL = 100
"""Numbers from here on need no decimal."""
SEASONAL = re.compile(r"seasonal_naive_(\d+)")
TITLES = {
    "challenger": "challenger",
    "incumbent": "model before it",
    "series_median": "median of the series",
}


class ReportTooLargeError(FourPartError):
    """The page would be larger than what a page may be."""


def render(content: Content) -> str:
    """The page; the same content gives the same text."""
    template = _environment().get_template("report.html.j2")
    run = content.run
    return template.render(
        content=content,
        run=run,
        steps={step["name"]: step for step in run["steps"]},
        style=Markup(_style()),  # noqa: S704 - a file of this package
        lanes=lanes(content.dots, content.spans, LANES),
        charts=[(one, forecast(one)) for one in content.series],
        horizon=horizon(content.by_horizon) if content.by_horizon else "",
        events=_events(content),
        estates=_estates(content),
        spreads=_spreads(content.breakdown),
        worst=_worst(content.breakdown),
        checks_of_rows=REASONS,
        metrics=_metrics(run["metrics"]),
        columns=FIGURES,
        best=_best(run["metrics"]),
        good=GOOD,
    )


def write(content: Content, state: Path) -> Path:
    """Write the page into the stack's state directory in one step, and return where it is.

    Raises:
        ReportTooLargeError: when it has more than `LARGEST` bytes.
    """
    file, draft, page = state / FILE, state / f"{FILE}.draft", render(content).encode()
    if len(page) > LARGEST:
        raise ReportTooLargeError(
            "The report is too large.",
            given=f"{len(page):,} bytes",
            allowed=f"at most {LARGEST:,} bytes",
            remedy=f"Look at what the run left beside it: `ls {state}`; run.json and events.jsonl hold all figures.",
        )
    draft.write_bytes(page)
    draft.replace(file)
    return file


def title(method: str) -> str:
    """What a method of the metrics is called."""
    if found := SEASONAL.fullmatch(method):
        return f"seasonal naive, {found[1]} back"
    return TITLES.get(method, method.replace("_", " "))


def share(value: float | None, digits: int = 1) -> str:
    """A share of 1 in percent; a dash where it is unknown."""
    return "–" if value is None else f"{value:.{digits}%}"


def size(value: float) -> str:
    """A mean number of units; a decimal where it matters."""
    return f"{value:,.0f}" if value >= SMALL else f"{value:.1f}"


def when(time: str) -> str:
    """A time in UTC, to the second, for people."""
    return f"{datetime.fromisoformat(time).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _events(content: Content) -> list[tuple[Dot, str]]:
    """The drawn events with their JSON; empty where it is too long, or all before it were."""
    left = TEXTS_LENGTH
    found: list[tuple[Dot, str]] = []
    for dot in content.dots:
        text = json.dumps(dot.body, indent=1, ensure_ascii=False)
        kept = len(text) <= min(TEXT_LENGTH, left)
        found.append((dot, text if kept else ""))
        left -= len(text) if kept else 0
    return found


def _estates(content: Content) -> list[tuple[str, Markup]]:
    """The programs of the stack, each drawn."""
    projects = dict.fromkeys(component.project for component in content.components)
    return [(project, estate([one for one in content.components if one.project == project])) for project in projects]


def _spreads(breakdown: Mapping[str, Any]) -> list[Markup]:
    """WAPE over series, stores and items, where there is more than one."""
    columns = {"series": "series", "stores": "store", "items": "item"}
    errors = {what: [one["wape"] for one in breakdown.get(key, {}).values()] for what, key in columns.items()}
    known = {what: [error for error in found if error is not None] for what, found in errors.items()}
    return [spread(found, what) for what, found in known.items() if len(found) > 1]


def _worst(breakdown: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, float | None]]]:
    """Stores and items with the largest WAPE: key, its value, figures."""
    found: list[tuple[str, str, Mapping[str, float | None]]] = []
    for key in ("store", "item"):
        known = [pair for pair in breakdown.get(key, {}).items() if pair[1]["wape"] is not None]
        found += [(key, *pair) for pair in sorted(known, key=lambda pair: (-pair[1]["wape"], pair[0]))[:WORST]]
    return found


def _metrics(metrics: Mapping[str, Mapping[str, float | None]]) -> list[tuple[str, Mapping[str, float | None]]]:
    """Methods by their error, the smallest first; what has none comes last."""

    def rank(pair: tuple[str, Mapping[str, float | None]]) -> tuple[bool, float, str]:
        error = pair[1].get("wape")
        return error is None, error or 0.0, pair[0]

    return sorted(metrics.items(), key=rank)


def _best(metrics: Mapping[str, Mapping[str, float | None]]) -> float:
    """The largest WAPE, which the bars are drawn against."""
    return max((figures.get("wape") or 0.0 for figures in metrics.values()), default=0.0) or 1.0


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("local.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    filters: dict[str, Callable[..., Any]] = {"title_of": title, "share": share, "size": size, "when": when}
    environment.filters.update(filters)
    return environment


def _style() -> str:
    return (Path(__file__).parent / "templates" / "report.css").read_text("utf-8")
