"""The infrastructure: one lane for each component, a square for each resource, curves to it from what it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup, escape

from local.report.content import Component, Declared
from local.report.svg.scale import number

WIDTH, LEFT, RIGHT = 1100, 168, 12
SIZE, GAP, PADDING, AXIS = 11, 5, 8, 22

TITLE = "Resources by component, with what each needs; all are listed below"

type Place = tuple[float, float]


def estate(components: Sequence[Component]) -> Markup:
    """Lanes in the order given, columns by steps from what needs nothing. No component gives an empty text."""
    if not components:
        return Markup()
    columns = max(one.depth for component in components for one in component.resources)
    width = (WIDTH - LEFT - RIGHT) / columns
    across = max(1, int((width - 2 * PADDING) / (SIZE + GAP)))
    places: dict[str, Place] = {}
    marks: list[str] = []
    top = 0.0
    for at, component in enumerate(components):
        found, height = _placed(component.resources, top, width, across)
        places |= found
        marks.append(_lane(component, top, height, alternate=at % 2 == 1))
        top += height
    marks += [_curves(components, places), *(_square(one, places[one.id]) for held in components for one in held.resources)]
    marks += [_text(LEFT + width * at, top + 15, f"step {at + 1}") for at in range(columns)]
    head = f'<svg class="estate" viewBox="0 0 {WIDTH} {number(top + AXIS)}" role="img" aria-label="{escape(TITLE)}">'
    return Markup(head + f"<title>{escape(TITLE)}</title>" + "".join(marks) + "</svg>")  # noqa: S704 - numbers of this code; all texts are escaped


def _placed(resources: Sequence[Declared], top: float, width: float, across: int) -> tuple[dict[str, Place], float]:
    """Where squares of one lane stand, and the lane's height."""
    counts: dict[int, int] = {}
    places: dict[str, Place] = {}
    for one in resources:
        row, column = divmod(counts.get(one.depth, 0), across)
        counts[one.depth] = counts.get(one.depth, 0) + 1
        places[one.id] = (LEFT + width * (one.depth - 1) + column * (SIZE + GAP), top + PADDING + row * (SIZE + GAP))
    rows = -(-max(counts.values()) // across)
    return places, max(2 * PADDING + rows * (SIZE + GAP) - GAP, 30.0)


def _lane(component: Component, top: float, height: float, *, alternate: bool) -> str:
    box = f'<rect class="lane{" other" if alternate else ""}" x="0" y="{number(top)}" width="{WIDTH}" height="{number(height)}"/>'
    label = f"{component.name} ({len(component.resources)})"
    return f'{box}<text class="name" x="8" y="{number(top + height / 2 + 4)}">{escape(label)}</text>'


def _square(one: Declared, place: Place) -> str:
    tip = f"{one.kind} {one.name}"
    return (
        f'<g><title>{escape(tip)}</title><rect class="held" x="{number(place[0])}" y="{number(place[1])}"'
        f' width="{SIZE}" height="{SIZE}" rx="2"/></g>'
    )


def _curves(components: Sequence[Component], places: Mapping[str, Place]) -> str:
    pairs = (
        (places[need], places[one.id]) for held in components for one in held.resources for need in one.needs if need in places
    )
    paths = []
    for (x1, y1), (x2, y2) in pairs:
        start, end, half = x1 + SIZE, x2, SIZE / 2
        bend = max(20.0, (end - start) / 2)
        paths.append(
            f"M{number(start)} {number(y1 + half)}C{number(start + bend)} {number(y1 + half)}"
            f" {number(end - bend)} {number(y2 + half)} {number(end)} {number(y2 + half)}"
        )
    return f'<path class="needs" d="{"".join(paths)}"/>'


def _text(x: float, y: float, text: str) -> str:
    return f'<text x="{number(x)}" y="{number(y)}">{escape(text)}</text>'
