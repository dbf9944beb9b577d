"""The chain over real Delta commits and a real model registry; each link taken away, or put wrong, is told where it is."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from mlflow import MlflowClient

from contracts.events import DataVersion
from contracts.images import Built
from data_ops.storage import Once, append_once, overwrite_once
from data_ops.summary import Summary
from lineage.answer import Answer, Period
from lineage.chain import Sources, chain
from lineage.lake import Arrival, Preparation
from lineage.link import Link
from lineage.text import headline, line
from rollout.digests import Digests
from rollout.engine import Standing
from rollout.images import ImageMissingError
from rollout.models import Models

DIGEST, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
ROWS = pa.table({"y": [1.0]})
URLS = {"blue_url": "https://blue", "green_url": "https://green", "production_url": "https://live", "qa_url": ""}
WHOLE = ["deployment", "image", "model", "training run", "fitted on", "made from", "file", "forecast from", "made from", "file"]


@dataclass(frozen=True, kw_only=True)
class Plant:
    """A lake with two files and what was made of them, a registry with one version, fitted on the first."""

    lake: Path
    client: MlflowClient
    models: Models
    run_id: str
    answer: Answer

    def links(self, **changed: Any) -> list[Link]:
        """The chain of the answer, with some of the sources changed."""
        built = Built(model="demand", model_version="1", data_version="silver/features@1", run=self.run_id, revision="c0de")
        standing = Standing(digests=Digests(blue=DIGEST, active="blue"), urls=URLS)
        sources = Sources(
            standing=standing,
            built=lambda _digest: built,
            models=self.models,
            prepared=lambda version: Preparation.of(str(self.lake / "silver"), version),
            arrived=lambda version: Arrival.of(str(self.lake / "bronze"), version),
        )
        return list(chain(self.answer, replace(sources, **changed)))


def arrive(lake: Path, number: int) -> None:
    """A file that becomes a bronze version, and the silver version that is made of it."""
    metadata = {"file": f"day-{number}.csv", "sha256": f"hash-{number}", "rows": str(number), "causationId": f"ingested-{number}"}
    once = Once(app_id=f"ingest:{number}", version=1)
    append_once(str(lake / "bronze" / "sales"), ROWS.to_reader, once, metadata=metadata)
    figures = dict.fromkeys(Summary.__dataclass_fields__, 0) | {"rows_out": 1000 * number}
    made = {
        "bronzeVersion": f"bronze/sales@{number}",
        "contentHash": f"content-{number}",
        "causationId": f"committed-{number}",
        "summary": json.dumps(figures),
    }
    once = Once(app_id="prepare:bronze/sales", version=number)
    overwrite_once(str(lake / "silver" / "features"), ROWS.to_reader, once, metadata=made)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lake")
    for number in (1, 2):
        arrive(folder, number)
    return folder


@pytest.fixture
def plant(lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    uri = (tmp_path / "mlruns").as_uri()
    client = MlflowClient(uri)
    run = client.create_run(client.create_experiment("demand"))
    for name, text in {"attempt": "1", "effect_key": "silver/features@1", "causationid": "registered-1"}.items():
        client.set_tag(run.info.run_id, name, text)
    client.create_registered_model("demand")
    tags = {"role": "champion", "rung": "lightgbm", "decision": "promote", "metric.wape": "0.3517"}
    tags |= {"data_version": "silver/features@1", "content_hash": "content-1"}
    client.create_model_version("demand", "file:///nowhere", run.info.run_id, tags=tags)
    answer = Answer(
        unique_id="7_12",
        model="demand",
        model_version="1",
        data_version="silver/features@2",
        digest=DIGEST,
        periods=(Period(ds="2026-01-01T00:00:00Z", point=3.0, lower=1.0, upper=6.25),),
    )
    return Plant(lake=lake, client=client, models=Models(tracking_uri=uri), run_id=run.info.run_id, answer=answer)


def test_the_chain_leads_from_the_answer_to_both_files_with_the_events_between(plant: Plant):
    links = plant.links()
    assert [link.what for link in links] == WHOLE
    assert not any(link.broken for link in links)
    assert [link.identity for link in links] == [
        "slot blue",
        DIGEST,
        "demand 1",
        plant.run_id,
        "silver/features@1",
        "bronze/sales@1",
        "day-1.csv",
        "silver/features@2",
        "bronze/sales@2",
        "day-2.csv",
    ]
    events = {link.identity: link.event for link in links if link.event}
    assert events == {
        plant.run_id: "registered-1",
        "silver/features@1": "committed-1",
        "bronze/sales@1": "ingested-1",
        "silver/features@2": "committed-2",
        "bronze/sales@2": "ingested-2",
    }
    assert links[0].detail == "live at https://live"
    assert links[2].detail == "champion, lightgbm, promote, WAPE 35.2%"


def test_forecasts_from_the_data_that_the_model_learned_from_have_one_way_back(plant: Plant):
    same = replace(plant, answer=replace(plant.answer, data_version="silver/features@1"))
    assert [link.what for link in same.links()] == WHOLE[:7]


def test_a_chain_reads_as_one_line_for_each_link_and_its_event(plant: Plant):
    links = plant.links()
    assert headline(plant.answer) == "7_12 in the period from 2026-01-01T00:00:00Z: 3.0, between 1.0 and 6.2"
    assert line(links[0]) == "deployment    slot blue  (live at https://live)"
    assert line(links[4]).splitlines() == [
        "fitted on     silver/features@1  (1,000 rows, content content-1)",
        "              caused by event committed-1",
    ]
    assert line(replace(links[0], broken="why")).endswith("\n              BROKEN: why")


@pytest.mark.parametrize(
    ("digests", "identity", "detail"),
    [
        (Digests(blue=OTHER, green=DIGEST, active="blue"), "slot green", "idle at https://green"),
        (Digests(blue=OTHER, active="blue"), "none any more", f"production now serves {OTHER}"),
        (Digests(), "none any more", "production now serves nothing"),
    ],
)
def test_an_image_that_is_not_live_says_so(plant: Plant, digests: Digests, identity: str, detail: str):
    first = plant.links(standing=Standing(digests=digests, urls=URLS))[0]
    assert (first.identity, first.detail, first.broken) == (identity, detail, "")


def broken(links: list[Link]) -> dict[str, str]:
    return {link.what: link.broken for link in links if link.broken}


def test_an_image_that_is_gone_breaks_its_link_alone(plant: Plant):
    def gone(digest: str) -> Built:
        raise ImageMissingError("The registry has no such image.", given=digest, allowed="-", remedy="-")

    links = plant.links(built=gone)
    assert broken(links) == {"image": f"The registry has no such image: {DIGEST}"}
    assert [link.what for link in links] == WHOLE


def test_an_image_of_another_version_is_told(plant: Plant):
    other = Built(model="demand", model_version="9", data_version="silver/features@1", run=plant.run_id, revision="c0de")
    assert broken(plant.links(built=lambda _digest: other)) == {"image": "its labels name demand 9"}


def test_an_image_of_another_run_than_the_version_is_told(plant: Plant):
    other = Built(model="demand", model_version="1", data_version="silver/features@1", run="forged", revision="c0de")
    assert broken(plant.links(built=lambda _digest: other)) == {"training run": "the image names run forged"}


def test_without_the_version_the_forecasts_still_lead_to_their_file(plant: Plant):
    plant.client.delete_model_version("demand", "1")
    links = plant.links()
    assert list(broken(links)) == ["model"]
    assert [link.what for link in links] == ["deployment", "image", "model", "forecast from", "made from", "file"]


def test_a_version_without_a_role_breaks_the_chain_there(plant: Plant):
    plant.client.delete_model_version_tag("demand", "1", "role")
    assert "does not say what it is" in broken(plant.links())["model"]


def test_a_run_that_nobody_started_by_event_says_so(plant: Plant):
    for name in ("attempt", "effect_key", "causationid"):
        plant.client.delete_tag(plant.run_id, name)
    run = plant.links()[3]
    assert (run.detail, run.event, run.broken) == ("started by hand", "", "")


def test_a_run_that_is_gone_is_told_and_the_data_still_lead_to_their_file(plant: Plant):
    tags = {"role": "champion", "data_version": "silver/features@1"}
    plant.client.create_model_version("demand", "file:///nowhere", "f" * 32, tags=tags)
    links = replace(plant, answer=replace(plant.answer, model_version="2")).links(
        built=lambda _digest: Built(
            model="demand", model_version="2", data_version="silver/features@1", run="f" * 32, revision="c0de"
        )
    )
    assert list(broken(links)) == ["training run"]
    assert [link.what for link in links] == WHOLE


def test_content_that_is_not_what_the_model_learned_from_is_told(plant: Plant):
    plant.client.set_model_version_tag("demand", "1", "content_hash", "content-of-another-table")
    assert broken(plant.links()) == {"fitted on": "the model learned from content content-of-anoth"}


@pytest.mark.parametrize(
    ("data_version", "where"),
    [
        ("silver/features@8", "forecast from"),
        ("silver/nothing@1", "forecast from"),
        ("silver/features@0", "forecast from"),
    ],
)
def test_a_version_that_left_the_lake_is_told_and_the_rest_stands(plant: Plant, data_version: str, where: str):
    links = replace(plant, answer=replace(plant.answer, data_version=data_version)).links()
    assert list(broken(links)) == [where]
    assert [link.what for link in links] == WHOLE[:8]


@pytest.mark.parametrize("tag", ["", "silver/features", "silver/features@x"])
def test_a_model_that_does_not_say_what_it_was_fitted_on_is_told(plant: Plant, tag: str):
    plant.client.set_model_version_tag("demand", "1", "data_version", tag)
    links = plant.links()
    assert broken(links) == {"fitted on": "it is no version of a table"}
    assert [link.what for link in links] == [*WHOLE[:5], *WHOLE[7:]]


def test_an_arrival_that_left_the_lake_is_told_at_its_version(plant: Plant, tmp_path: Path):
    links = plant.links(arrived=lambda version: Arrival.of(str(tmp_path), version))
    assert set(broken(links)) == {"made from"}
    assert "file" not in [link.what for link in links]


def test_the_first_version_of_a_table_tells_of_no_file(plant: Plant):
    made = Arrival.of(str(plant.lake / "bronze"), DataVersion(table="bronze/sales", version=0))
    assert made == Arrival(file="", sha256="", rows="", event="")
