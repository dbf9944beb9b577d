"""Drawings: ticks are round, marks stay on the drawing, gaps stay gaps, labels do not cover each other."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

from hypothesis import given, settings, strategies as st

from local.report.content import Dot, Span
from local.report.svg.charts import BINS, HEIGHT, WIDTH, forecast, horizon, spread
from local.report.svg.estate import estate
from local.report.svg.lanes import LEFT, RIGHT, WIDTH as LANES_WIDTH, lanes
from local.report.svg.line import band, line
from local.report.svg.scale import Scale, number, ticks, told
from tests.local.report.report_example import components, dots, series, spans

values = st.floats(0, 1e9, allow_nan=False)
some = st.lists(st.none() | values, min_size=1, max_size=40)


def drawn(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - our own drawing


def places(text: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", text)]


@given(low=st.floats(-1e6, 1e6), span=st.floats(0.01, 1e7), most=st.integers(2, 12))
def test_ticks_are_round_within_the_range_and_no_more_than_asked(low: float, span: float, most: int) -> None:
    found = ticks(low, low + span, most)
    assert len(found) <= most
    assert all(low - span * 1e-6 <= tick <= low + span * (1 + 1e-6) for tick in found)
    steps = [second - first for first, second in itertools.pairwise(found)]
    assert all(abs(step - steps[0]) <= abs(steps[0]) * 1e-3 for step in steps)


def test_a_range_without_width_has_one_tick() -> None:
    assert ticks(3.0, 3.0) == [3.0]
    assert (number(3.0), number(3.14159), told(1200.0), told(0.25), told(0.0)) == ("3", "3.1", "1,200", "0.25", "0")
    assert [told(value) for value in (12_500.0, 20_000_000.0, 30e9, -15_000.0)] == ["12.5k", "20M", "30G", "-15k"]


def test_a_gap_in_the_values_is_a_gap_in_the_line_and_a_lone_value_a_dot() -> None:
    x, y = Scale(0, 5, 0, 50), Scale(0, 10, 100, 0)
    made = line([1.0, 2.0, None, 4.0, None, None], x, y, "actual")
    assert made.count("<path") == 1
    assert made.count("<circle") == 1
    assert places(made) == [(0, 90), (10, 80)]


def test_a_band_is_drawn_where_both_bounds_are_known() -> None:
    x, y = Scale(0, 3, 0, 30), Scale(0, 10, 100, 0)
    assert places(band([1.0, 2.0, None, 3.0], [2.0, 3.0, 4.0, None], x, y, "band")) == [(0, 80), (10, 70), (10, 80), (0, 90)]


@given(actual=some, level=values)
def test_a_chart_stays_on_its_drawing(actual: list[float | None], level: float) -> None:
    one = series("highest volume", level=max(level, 0.01))
    changed = replace(one, actual=tuple([*actual, *[None] * 35][:35]))
    root = drawn(forecast(changed))
    paths = [place for path in root.iter("path") for place in places(path.attrib["d"])]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in paths)


@given(st.dictionaries(st.sampled_from(["challenger", "seasonal_naive_7", "multiplicative_level"]), some, min_size=1))
def test_errors_by_period_have_a_line_for_each_method(errors: dict[str, list[float | None]]) -> None:
    root = drawn(horizon({name: tuple(found) for name, found in errors.items()}))
    classes = {mark.attrib.get("class", "").split(" ")[0] for mark in root.iter() if mark.tag in {"path", "circle"}}
    assert classes == {f"m{at}" for at, found in enumerate(errors.values()) if any(value is not None for value in found)}


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=60)
moments = st.floats(0, 500)


@settings(max_examples=60)
@given(
    st.lists(
        st.builds(Dot, id=texts, lane=st.sampled_from(["Storage", "Azure ML"]), seconds=moments, name=texts, detail=texts),
        max_size=25,
    ),
    st.lists(st.tuples(moments, moments, texts), max_size=10),
)
def test_marks_of_a_lane_never_cover_each_other(made: list[Dot], work: list[tuple[float, float, str]]) -> None:
    bars = [Span(lane="Azure ML", name=name, start=start, end=start + length, state="completed") for start, length, name in work]
    text = lanes(made, bars, ("Storage", "Azure ML"))
    if not made and not bars:
        assert text == ""
        return
    rows: dict[str, list[tuple[float, float]]] = {}
    for group in drawn(text).iter("g"):
        shape = next(mark for mark in group if mark.tag in {"circle", "rect"})
        at = float(shape.attrib.get("cx") or shape.attrib["x"])
        end = at if shape.tag == "circle" else at + float(shape.attrib["width"])
        assert at >= LEFT
        assert end <= LANES_WIDTH - RIGHT + 2.1
        row = shape.attrib.get("cy") or str(float(shape.attrib["y"]) + 6)
        rows.setdefault(number(float(row)), []).append((at, end))
    for marks in rows.values():
        ordered = sorted(marks)
        assert all(first[1] <= second[0] + 0.2 for first, second in itertools.pairwise(ordered))


def test_arrows_lead_from_causes_to_the_work_or_else_to_the_event() -> None:
    arrows = [
        path for path in drawn(lanes(dots(), spans(), ("Storage", "Databricks"))).iter("path") if path.attrib["class"] == "arrow"
    ]
    # prepare from the commit, train from the features, the image from the model, the release from the image
    assert len(arrows) == 4


def test_lanes_stand_in_the_order_given_and_others_come_last() -> None:
    found = [
        text.text
        for text in drawn(lanes(dots(), spans(), ("Databricks", "Storage"))).iter("text")
        if text.attrib.get("class") == "name"
    ]
    assert found == ["Databricks", "Storage", "Azure ML", "Container Registry", "Release"]


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=50))
def test_every_error_is_counted_in_one_bar(errors: list[float]) -> None:
    bars = list(drawn(spread(errors, "series")).iter("rect"))
    assert 1 <= len(bars) <= BINS
    assert all(
        0 <= float(bar.attrib["y"]) <= HEIGHT and float(bar.attrib["x"]) + float(bar.attrib["width"]) <= WIDTH for bar in bars
    )
    # heights are proportional to counts; the smallest bar holds one error or more
    heights = [float(bar.attrib["height"]) for bar in bars]
    assert min(heights) > 0


def test_a_resource_stands_right_of_what_it_needs_and_a_curve_leads_to_it() -> None:
    platform = components()[:2]
    picture = drawn(estate(platform))
    places = {
        str(group.findtext("title")): float(square.attrib["x"]) for group in picture.iter("g") for square in group.iter("rect")
    }
    assert places["ResourceGroup group"] < places["StorageAccount lake"] < places["BlobContainer bronze"]
    curves = next(path for path in picture.iter("path") if path.attrib["class"] == "needs")
    assert curves.attrib["d"].count("M") == 3
    assert estate([]) == ""
