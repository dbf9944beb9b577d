"""The timeline: one lane for each service, work as bars, events as dots, and arrows from causes, on an axis of seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from local.report.content import Dot, Span
from local.report.svg.scale import Scale, number, ticks, told

WIDTH, LEFT, RIGHT = 1100, 128, 192
ROW, PADDING, AXIS = 20, 8, 24
LETTER = 6.0
"""Width of a letter of a label, about; labels longer than the right margin are cut short."""
LONGEST = int((RIGHT - 20) / LETTER)
STEEP = 24
"""Arrows that go less than this to the right are straight."""
DOT, BAR = 4.5, 12


@dataclass(frozen=True, kw_only=True)
class _Placed:
    """A dot or a span on the drawing: from `x` to `end`, its row counted from the top of the lane."""

    item: Dot | Span
    x: float
    end: float
    row: int


def lanes(dots: Sequence[Dot], spans: Sequence[Span], order: Sequence[str]) -> Markup:
    """Lanes that have something in them, in this order; others come last. Nothing at all gives an empty text."""
    items: list[Dot | Span] = [*spans, *dots]
    if not items:
        return Markup()
    known = {name: at for at, name in enumerate(order)}
    names = sorted({item.lane for item in items}, key=lambda name: (known.get(name, len(known)), name))
    first, last = min(0.0, *(_from(item) for item in items)), max(*(_to(item) for item in items), 1.0)
    x = Scale(first, last, LEFT + 12, WIDTH - RIGHT)
    placed = {name: _packed([item for item in items if item.lane == name], x) for name in names}
    tops, height = _tops(placed)
    where = {
        id(one.item): (one.x, tops[name] + PADDING + one.row * ROW + ROW / 2) for name, found in placed.items() for one in found
    }
    marks = [_lane(name, tops[name], placed[name], alternate=at % 2 == 1) for at, name in enumerate(names)]
    marks += [_axis(x, first, last, height), _arrows(dots, spans, where)]
    marks += [_mark(one, where[id(one.item)][1]) for found in placed.values() for one in found]
    head = f'<svg class="lanes" viewBox="0 0 {WIDTH} {number(height + AXIS)}" role="img" aria-label="Events and work by service"><title>Events and work by service</title>'
    return Markup(head + HEAD + "".join(marks) + "</svg>")  # noqa: S704 - numbers and classes of this code; all texts are escaped


HEAD = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto">'
    '<path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>'
)


def _from(item: Dot | Span) -> float:
    return item.seconds if isinstance(item, Dot) else item.start


def _to(item: Dot | Span) -> float:
    return item.seconds if isinstance(item, Dot) else item.end


def _packed(items: Sequence[Dot | Span], x: Scale) -> list[_Placed]:
    """Each in the first row where neither it nor its label covers another."""
    ends: list[float] = []
    found = []
    for item in sorted(items, key=_from):
        start, end = x(_from(item)), x(_to(item))
        row = next((at for at, taken in enumerate(ends) if taken <= start - DOT - 4), len(ends))
        ends[row : row + 1] = [end if _fits(item.name, start, end) else end + len(_short(item.name)) * LETTER + 14]
        found.append(_Placed(item=item, x=start, end=end, row=row))
    return found


def _tops(placed: dict[str, list[_Placed]]) -> tuple[dict[str, float], float]:
    tops: dict[str, float] = {}
    height = 0.0
    for name, found in placed.items():
        tops[name] = height
        height += (max(one.row for one in found) + 1) * ROW + 2 * PADDING
    return tops, height


def _lane(name: str, top: float, found: Sequence[_Placed], *, alternate: bool) -> str:
    height = (max(one.row for one in found) + 1) * ROW + 2 * PADDING
    css = "lane other" if alternate else "lane"
    box = f'<rect class="{css}" x="0" y="{number(top)}" width="{WIDTH}" height="{number(height)}"/>'
    return f'{box}<text class="name" x="10" y="{number(top + height / 2 + 4)}">{escape(name)}</text>'


def _axis(x: Scale, first: float, last: float, height: float) -> str:
    marks = []
    for tick in ticks(first, last, 12):
        at = number(x(tick))
        marks.append(f'<line class="grid" x1="{at}" x2="{at}" y1="0" y2="{number(height)}"/>')
        marks.append(f'<text x="{at}" y="{number(height + 16)}" text-anchor="middle">{told(tick)} s</text>')
    return "".join(marks)


def _mark(one: _Placed, y: float) -> str:
    """A bar or a dot, its label beside it, and what a pointer that rests on it reads."""
    item = one.item
    if isinstance(item, Dot):
        tip = f"{item.name}, {item.seconds:.2f} s. {item.detail}"
        shape = f'<circle class="dot" cx="{number(one.x)}" cy="{number(y)}" r="{DOT}"/>'
    else:
        tip = f"{item.name}: {item.state}, {item.end - item.start:.2f} s from {item.start:.2f} s"
        width = number(max(2.0, one.end - one.x))
        shape = f'<rect class="bar {_state(item.state)}" x="{number(one.x)}" y="{number(y - BAR / 2)}" width="{width}" height="{BAR}" rx="2"/>'
    inside = _fits(item.name, one.x, one.end)
    at, css = (one.x + 5, ' class="inside"') if inside else (one.end + DOT + 4, "")
    text = f'<text{css} x="{number(at)}" y="{number(y + 4)}">{escape(_short(item.name))}</text>'
    return f"<g><title>{escape(tip)}</title>{shape}{text}</g>"


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _fits(name: str, start: float, end: float) -> bool:
    """Whether a label has room inside its bar."""
    return end - start > len(_short(name)) * LETTER + 14


def _state(state: str) -> str:
    return "good" if state in {"completed", "success", "succeeded", "done"} else "bad"


def _arrows(dots: Sequence[Dot], spans: Sequence[Span], where: dict[int, tuple[float, float]]) -> str:
    """From each cause that is drawn to what it led to: to the work, and to an event where no work is drawn for it."""
    by_id = {dot.id: where[id(dot)] for dot in reversed(dots)}
    worked = {(span.cause, span.lane) for span in spans}
    marks = []
    for item in (*spans, *dots):
        start = by_id.get(item.cause)
        if start is None or (isinstance(item, Dot) and (item.cause, item.lane) in worked):
            continue
        marks.append(_arrow(start, where[id(item)]))
    return "".join(marks)


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = start, end
    if x2 - x1 < STEEP:
        above = y2 - BAR / 2 - 1 if y2 > y1 else y2 + BAR / 2 + 1
        return f'<path class="arrow" d="M{number(x1)} {number(y1)}L{number(x2)} {number(above)}" marker-end="url(#tip)"/>'
    bend, tip = (x2 - x1) / 2, x2 - DOT - 1
    path = f"M{number(x1)} {number(y1)}C{number(x1 + bend)} {number(y1)} {number(tip - bend)} {number(y2)} {number(tip)} {number(y2)}"
    return f'<path class="arrow" d="{path}" marker-end="url(#tip)"/>'
