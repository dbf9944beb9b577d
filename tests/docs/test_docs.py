"""What the pages say is so: verbs, files and links exist, and generated pages are as generated."""

import re

import pytest

from local.coverage_page import page
from tests.docs.blocks import README, ROOT, blocks_of

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.name)
def test_every_make_verb_that_a_page_names_is_in_the_makefile(file):
    verbs = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {verb for line in re.findall(r"make ([a-z ]+)", file.read_text()) for verb in line.split()[:1]}
    assert named - verbs == set()


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.name)
def test_every_link_between_pages_leads_somewhere(file):
    links = [link for link in re.findall(r"\]\(([^)#]+)", file.read_text()) if "://" not in link]
    assert [link for link in links if not (file.parent / link).exists()] == []


def test_every_file_that_the_source_map_names_is_there():
    named = re.findall(
        r"`((?:infra|data_ops|deployment|foundation|pipelines|events|contracts|images|ml_pipelines|release|rollout|scoring|local|tests|docs)/[\w./]*)`",
        (ROOT / "docs" / "source-map.md").read_text(),
    )
    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_page_of_the_local_cloud_is_as_generated():
    assert (ROOT / "docs" / "local-cloud.md").read_text() == page(), "python -m local.coverage_page > docs/local-cloud.md"


def test_ten_pages_at_most_besides_decisions_the_source_map_and_the_one_that_is_made_whole_from_the_rules():
    besides = {"decisions.md", "source-map.md", "policies.md"}
    assert len([file for file in (ROOT / "docs").glob("*.md") if file.name not in besides]) <= 10


def test_the_readme_shows_the_costs_as_they_are_estimated():
    assert blocks_of(README)[-1] == (ROOT / "tests" / "cost" / "golden" / "side_by_side.txt").read_text()


def test_the_readme_has_both_doors():
    text = (ROOT / "README.md").read_text()
    assert text.index("## On this machine") < text.index("## On your subscription")
