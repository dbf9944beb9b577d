"""Tables in the pages are as the code that they tell of."""

from pathlib import Path

import pytest

from docs.tables import PLACE, TABLES, refreshed

PAGES = sorted((Path(__file__).parents[2] / "docs").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tables_of_a_page_are_as_the_code_says(page):
    assert page.read_text() == refreshed(page.read_text()), "python -m docs.tables"


def test_every_table_stands_in_a_page():
    assert {place[1] for page in PAGES for place in PLACE.finditer(page.read_text())} == set(TABLES)


def test_a_table_that_was_edited_by_hand_is_found():
    page = next(page for page in PAGES if page.name == "events.md")
    spoiled = page.read_text().replace("| `data_delivery` |", "| `deliveries` |", 1)
    assert refreshed(spoiled) != spoiled
