"""The page: what it says in each state, that it holds no script and nothing foreign, and its golden text."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import override

import pytest
from hypothesis import given, settings, strategies as st

from local.report.content import Component, Content, Declared
from local.report.page import FILE, LARGEST, TEXT_LENGTH, ReportTooLargeError, render, share, title, write
from tests.local.report.report_example import DIGEST, IMAGE, content, run, series

GOLDEN = Path(__file__).parent / "golden" / "report.html"
VOID = {"meta", "br", "link", "input", "img", "hr"}
HOSTILE = "<script>alert('x')</script>\"'&--><svg onload=alert(1)>"


class Tags(HTMLParser):
    """Collects tags and attributes, and sees that every element is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.urls: set[str] = set()
        self.ids: set[str] = set()
        self.open: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.ids |= {str(value) for name, value in attrs if name == "id"}
        self.urls |= {str(value) for name, value in attrs if name in {"src", "href", "action"}}
        if tag not in VOID:
            self.open.append(tag)

    @override
    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(text: str) -> Tags:
    found = Tags()
    found.feed(text)
    found.close()
    assert found.open == []
    return found


def words(text: str) -> str:
    """What a person reads."""
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", text, flags=re.DOTALL).split())


def test_the_page_is_the_golden_one() -> None:
    found = render(content())
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(found)
    assert found == GOLDEN.read_text()


def test_holds_no_script_and_asks_for_nothing_from_elsewhere() -> None:
    found = parsed(render(content()))
    assert "script" not in found.tags
    assert not [name for name in found.attributes if name.startswith("on")]
    assert {url[0] for url in found.urls} == {"#"}
    assert {url[1:] for url in found.urls} <= found.ids


def test_names_from_the_data_and_from_events_stay_text() -> None:
    told = run()
    told["data"]["file"] = told["steps"][0]["subject"] = told["metrics"][HOSTILE] = told["release"]["reason"] = HOSTILE
    told["metrics"][HOSTILE] = {"wape": 0.1}
    told["data"]["quarantined"] = {HOSTILE: 1}
    whole = content(run=told, series=(series("smallest error", HOSTILE),), by_horizon={HOSTILE: (0.1, 0.2)}, commit=HOSTILE)
    dot = replace(whole.dots[0], name=HOSTILE, detail=HOSTILE, body={HOSTILE: HOSTILE})
    held = Declared(id=HOSTILE, name=HOSTILE, kind=HOSTILE, depth=1, needs=(HOSTILE,))
    figures = {"series": 1.0, "sold": 1.0, "wape": 0.1, "bias": 0.0, "coverage": 1.0}
    whole = replace(
        whole,
        dots=(dot,),
        spans=(),
        components=(Component(project=HOSTILE, name=HOSTILE, resources=(held,)),),
        breakdown={"store": {HOSTILE: figures}},
        settings={HOSTILE: {HOSTILE: {"dev": HOSTILE, "prod": ""}}},
        policies={"rules": {HOSTILE: HOSTILE}, "resources": 1, "advisories": [{"resource": HOSTILE, "message": HOSTILE}]},
        lock=HOSTILE,
    )
    page = render(whole)
    found = parsed(page)
    assert "script" not in found.tags
    assert not [name for name in found.attributes if name.startswith("on")]
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") >= 20


@settings(max_examples=30, deadline=None)
@given(name=st.text(min_size=1, max_size=30))
def test_any_name_of_a_series_or_an_event_leaves_the_page_whole(name: str) -> None:
    whole = content(series=(series("lowest volume", name),), dots=[*content().dots[:1]], spans=())
    assert (
        parsed(render(whole)).tags
        == parsed(render(content(series=(series("lowest volume"),), dots=content().dots[:1], spans=()))).tags
    )


def test_stays_small_with_as_much_in_it_as_it_ever_holds() -> None:
    example = content()
    long = tuple(replace(dot, body={"text": "x" * (TEXT_LENGTH - 50)}) for dot in example.dots * 20)
    errors = {str(number): {"wape": number / 100_000} for number in range(100_000)}
    many = content(
        dots=long,
        spans=example.spans * 30,
        series=tuple(series("median error") for _ in range(6)),
        components=example.components * 40,
        breakdown={**example.breakdown, "series": errors},
    )
    page = render(many)
    assert len(page.encode()) < LARGEST
    assert "it is in <code>events.jsonl</code>" in page


def test_a_page_that_is_too_large_is_refused_and_the_one_before_it_stays(tmp_path: Path) -> None:
    before = write(content(), tmp_path).read_bytes()
    with pytest.raises(ReportTooLargeError) as caught:
        write(content(commit="x" * LARGEST), tmp_path)
    assert str(tmp_path) in caught.value.remedy
    assert (tmp_path / FILE).read_bytes() == before


def test_the_json_of_an_event_is_read_without_a_script() -> None:
    page = render(content())
    assert page.count("<details>") == len(content().dots) + len(content().components)
    assert f"{{\n &#34;id&#34;: &#34;{IMAGE}&#34;\n}}</pre>" in page


def test_the_worst_stores_and_items_come_first_and_unknown_errors_not_at_all() -> None:
    told = words(render(content()))
    assert told.index("store 2 42.0%") < told.index("store 1 30.0%")
    assert "store 3" not in told


@pytest.mark.parametrize(
    "expected",
    [
        "1,000 rows imputed, 0.11% of the panel",
        "negative sales sales is below zero no row",
        "3 rules over 117 resources; no mandatory rule is broken, 1 advisories",
        "lake tags: the resource has no owner",
        "owner not set team",
        "bronze BlobContainer lake",
        "uv.lock , sha256 10c4",
    ],
)
def test_says_what_was_found_of_data_policies_stacks_and_resources(expected: str) -> None:
    assert expected in words(render(content()))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_what_they_are_on(scheme: str) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1 for text."""
    blocks = re.findall(r":root \{(.*?)\}", render(content()), flags=re.DOTALL)
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})\b", blocks[scheme == "dark"]))
    low = {
        (text, ground): round(contrast(colours[text], colours[ground]), 2)
        for text in ("text", "soft", "good", "bad", "warn", "forecast")
        for ground in ("page", "card", "lane")
        if contrast(colours[text], colours[ground]) < 4.5
    }
    assert low == {}


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_light_dark_narrow_and_paper_are_styled() -> None:
    page = render(content())
    assert all(rule in page for rule in ("prefers-color-scheme: dark", "@media print", "max-width: 560px", 'name="viewport"'))


def test_the_strip_says_where_the_model_is_now() -> None:
    told = words(render(content()))
    assert "In production slot green sha256:5eba5eba5eba at https://127.12.0.9:8443" in told
    assert "54.6 s from commit to production" in told
    assert "promote 1 of 2 rules held" in told


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ({"decision": "none", "reason": "no image was built: keep", "url": "", "digest": ""}, "nothing no image was built: keep"),
        ({"decision": "rejected", "reason": "QA: wrong digest", "url": ""}, "as before, new image rejected QA: wrong digest"),
        ({"decision": "rejected", "reason": "QA: wrong digest"}, "slot green, new image rejected"),
    ],
)
def test_what_was_not_released_is_said_with_its_reason(release: dict[str, str], expected: str) -> None:
    told = run()
    told["release"] |= release
    shown = words(render(content(run=told)))
    assert expected in shown
    assert "from commit to production" not in shown


def test_a_run_that_judged_nothing_has_a_page_too() -> None:
    told = run(metrics={}, model={"name": "demand", "version": None, "registered": False, "rung": None, "naive": None})
    told["decision"] = {"decision": "insufficient_data", "reasons": told["decision"]["reasons"][1:]}
    told["release"] |= {"decision": "none", "reason": "", "url": "", "digest": "", "qa": [], "production": []}
    for step in told["steps"][5:]:
        step.update(status="skipped", event=None, hub=None, at=None, seconds=0.0)
    page = render(Content(run=told, made="2026-11-24T03:54:02+00:00"))
    parsed(page)
    assert "insufficient_data 0 of 1 rules held" in words(page)
    assert "<h2>Forecasts" not in page


def test_methods_stand_in_the_order_of_their_errors_and_rules_with_their_sentences() -> None:
    told = words(render(content()))
    order = [
        "conditional mean 33.6%",
        "challenger 35.3%",
        "model before it 36.1%",
        "seasonal naive, 7 back 68.1%",
        "median of the series –",
    ]
    places = [told.index(text) for text in order]
    assert places == sorted(places)
    assert "not held forecasts -14.0 % off all sales bias" in told


def test_every_event_that_proves_a_step_is_on_the_page() -> None:
    page = render(content())
    assert all(f'title="{step["event"]}"' in page for step in run()["steps"])
    assert page.count(f'title="{IMAGE}"') == 3
    assert DIGEST in page


def test_methods_have_names_for_people() -> None:
    assert [title(name) for name in ("seasonal_naive_364", "multiplicative_level", "challenger", "incumbent")] == [
        "seasonal naive, 364 back",
        "multiplicative level",
        "challenger",
        "model before it",
    ]
    assert (share(None), share(0.3529), share(-0.0104)) == ("–", "35.3%", "-1.0%")
