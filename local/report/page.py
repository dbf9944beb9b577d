"""The report as one HTML file: the template beside this file, its style inline, drawings as SVG; no script."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from local.report.content import Content
from local.report.svg.charts import forecast, horizon
from local.report.svg.lanes import lanes
from local.report.timeline import LANES

FILE = "report.html"
COLUMNS = ("wape", "smape", "mape", "bias", "coverage")
GOOD = frozenset({"promote", "refresh", "released", "unchanged"})
SMALL = 100
"""Numbers from here on need no decimal."""
SEASONAL = re.compile(r"seasonal_naive_(\d+)")
TITLES = {
    "challenger": "challenger",
    "incumbent": "model before it",
    "series_median": "median of the series",
}


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
        metrics=_metrics(run["metrics"]),
        columns=COLUMNS,
        best=_best(run["metrics"]),
        good=GOOD,
    )


def write(content: Content, state: Path) -> Path:
    """Write the page into the stack's state directory in one step, and return where it is."""
    file, draft = state / FILE, state / f"{FILE}.draft"
    draft.write_text(render(content), "utf-8")
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


def _metrics(metrics: Mapping[str, Mapping[str, float | None]]) -> list[tuple[str, Mapping[str, float | None]]]:
    """Methods by their error, the smallest first; what has none comes last."""

    def rank(pair: tuple[str, Mapping[str, float | None]]) -> tuple[bool, float, str]:
        error = pair[1].get("wape")
        return error is None, error or 0.0, pair[0]

    return sorted(metrics.items(), key=rank)


def _best(metrics: Mapping[str, Mapping[str, float | None]]) -> float:
    """The largest WAPE, which the bars are drawn against."""
    return max((figures.get("wape") or 0.0 for figures in metrics.values()), default=0.0) or 1.0


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("local.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    filters: dict[str, Callable[..., Any]] = {"title_of": title, "share": share, "size": size, "when": when}
    environment.filters.update(filters)
    return environment


def _style() -> str:
    return (Path(__file__).parent / "templates" / "report.css").read_text("utf-8")
