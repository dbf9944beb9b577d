"""Charts: a series with its forecast, errors by period ahead, and how an error is spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from local.report.content import Series
from local.report.svg.line import Values, band, line
from local.report.svg.scale import Scale, number, ticks, told

WIDTH, HEIGHT = 380, 190
LEFT, RIGHT, TOP, BOTTOM = 42, 8, 22, 22
BELOW = 36
"""Room below for ticks and the axis' name."""
BINS = 20
HEADROOM = 1.05
DAY = len("2025-12-31")
PERCENT = 100


def forecast(one: Series) -> Markup:
    """What was sold and what was forecast, with the 90 % interval; a vertical line parts past and future."""
    top = _most([one.actual, one.upper, one.point])
    x, y = Scale(0, max(1, len(one.dates) - 1), LEFT, WIDTH - RIGHT), Scale(0, top * HEADROOM, HEIGHT - BOTTOM, TOP)
    now = number(x(one.known - 0.5))
    marks = [
        _grid(y, top, ""),
        _text(2, 12, "units a period", "start"),
        f'<line class="now" x1="{now}" x2="{now}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>' if one.known < len(one.dates) else "",
        band(one.lower, one.upper, x, y, "band"),
        line(one.actual, x, y, "actual"),
        line(one.point, x, y, "forecast"),
        _ends(one, x),
    ]
    title = f"{one.name}: sales from {one.dates[0]}, forecast to {one.dates[-1]}" if one.dates else one.name
    return _drawing(title, marks)


def horizon(errors: Mapping[str, Values]) -> Markup:
    """One line for each method over periods ahead; the lines' classes are `m0`, `m1` and so on, in the order given."""
    top = _most(list(errors.values()))
    length = max((len(values) for values in errors.values()), default=1)
    x, y = Scale(0, max(1, length - 1), LEFT, WIDTH - RIGHT), Scale(0, top * HEADROOM, HEIGHT - BELOW, TOP)
    marks = [_text(2, 12, "error, % of mean sales", "start"), _text((LEFT + WIDTH) / 2, HEIGHT - 4, "periods ahead", "middle")]
    marks += [_grid(y, top, "%"), *(line(values, x, y, f"m{at}") for at, values in enumerate(errors.values()))]
    labels = sorted({1, *(int(tick) for tick in ticks(1, length, 6) if tick >= 1), length} if length > 1 else {1})
    kept = [label for label in labels if label == length or length - label >= length / 12]
    marks += [_text(x(label - 1), HEIGHT - 20, str(label), "middle" if label != length else "end") for label in kept]
    return _drawing("Error by period ahead", marks)


def spread(errors: Sequence[float], what: str) -> Markup:
    """How many series, stores or items have which WAPE; a vertical line at the median. The last bar holds all beyond it."""
    ordered = sorted(errors)
    middle = ordered[len(ordered) // 2]
    most = max(1e-9, min(ordered[-1], 4 * middle or ordered[-1]))
    counts = [0] * BINS
    for error in ordered:
        counts[min(BINS - 1, int(error / most * BINS))] += 1
    x, y = Scale(0, most, LEFT, WIDTH - RIGHT), Scale(0, max(counts) * HEADROOM, HEIGHT - BELOW, TOP)
    width, base = (WIDTH - RIGHT - LEFT) / BINS, HEIGHT - BELOW
    marks = [
        _text(2, 12, f"number of {what}", "start"),
        _text((LEFT + WIDTH) / 2, HEIGHT - 4, "WAPE", "middle"),
        _grid(y, max(counts), ""),
    ]
    marks += [
        f'<rect class="count" x="{number(LEFT + at * width + 0.5)}" y="{number(y(count))}"'
        f' width="{number(width - 1)}" height="{number(base - y(count))}"/>'
        for at, count in enumerate(counts)
        if count
    ]
    marks += [_text(x(tick), HEIGHT - 20, f"{tick:.0%}", "middle") for tick in ticks(0, most, 7) if tick < most]
    at = number(x(min(middle, most)))
    marks.append(f'<line class="now" x1="{at}" x2="{at}" y1="{TOP}" y2="{base}"/>')
    return _drawing(f"WAPE of {len(ordered)} {what}, median {middle:.1%}", marks)


def _drawing(title: str, marks: Sequence[str]) -> Markup:
    head = f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}"><title>{escape(title)}</title>'
    return Markup(head + "".join(marks) + "</svg>")  # noqa: S704 - numbers and classes of this code; the title is escaped


def _grid(y: Scale, top: float, unit: str) -> str:
    marks = []
    for tick in ticks(0, top * HEADROOM, 5):
        at = number(y(tick))
        label = f"{tick * PERCENT:.0f} %" if unit else told(tick)
        marks.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at}" y2="{at}"/>')
        marks.append(_text(LEFT - 5, y(tick) + 3.5, label, "end"))
    return "".join(marks)


def _ends(one: Series, x: Scale) -> str:
    """Dates below: of the first period, of the last known one where there is room, and of the last."""
    if not one.dates:
        return ""
    last, end = max(0, one.known - 1), one.dates[-1]
    marks = [_text(LEFT, HEIGHT - 7, one.dates[0], "start")]
    if 0 < last < len(one.dates) - 1 and len(one.dates[0]) <= DAY:
        marks.append(_text(x(last), HEIGHT - 7, one.dates[last], "end"))
        end = end.partition("-")[2]  # with the year it would run into the one before
    return "".join([*marks, _text(WIDTH - RIGHT, HEIGHT - 7, end, "end")])


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{number(x)}" y="{number(y)}" text-anchor="{anchor}">{escape(text)}</text>'


def _most(columns: Sequence[Values]) -> float:
    return max((value for column in columns for value in column if value is not None), default=1.0) or 1.0
