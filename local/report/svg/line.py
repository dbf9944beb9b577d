"""Lines and bands over periods; a gap in the values is a gap in the drawing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from local.report.svg.scale import Scale, number

type Values = Sequence[float | None]


def line(values: Values, x: Scale, y: Scale, css: str) -> str:
    """A path through the known values; one that stands alone is a dot."""
    marks = []
    for run in _runs(values):
        if len(run) == 1:
            at, value = run[0]
            marks.append(f'<circle class="{css} lone" cx="{number(x(at))}" cy="{number(y(value))}" r="1.5"/>')
        else:
            marks.append(f'<path class="{css}" d="M{" ".join(_place(at, value, x, y) for at, value in run)}"/>')
    return "".join(marks)


def band(lower: Values, upper: Values, x: Scale, y: Scale, css: str) -> str:
    """The area between two lines, where both are known."""
    both = [None if low is None or high is None else low for low, high in zip(lower, upper, strict=True)]
    marks = []
    for run in _runs(both):
        up = " ".join(_place(at, upper[at] or 0.0, x, y) for at, _ in run)
        down = " ".join(_place(at, value, x, y) for at, value in reversed(run))
        marks.append(f'<path class="{css}" d="M{up} {down}Z"/>')
    return "".join(marks)


def _runs(values: Values) -> Iterator[list[tuple[int, float]]]:
    """Neighbouring known values with their places."""
    run: list[tuple[int, float]] = []
    for at, value in enumerate(values):
        if value is not None:
            run.append((at, value))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _place(at: int, value: float, x: Scale, y: Scale) -> str:
    return f"{number(x(at))},{number(y(value))}"
