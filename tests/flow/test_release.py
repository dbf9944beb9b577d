"""From an arriving file to an answer in production, and what is stopped on the way; nothing but the file was started by hand."""

import json
import os
import signal
import subprocess
import sys
from datetime import datetime

import pytest

from contracts.events import Hub
from infra.roles import TABLE
from local.lifecycle import ROOT
from local.services.containers.models import GROUP, SERVICE, Pods
from local.services.eventgrid import models as eventgrid
from rollout.service import AnswerError
from tests.flow.conftest import Stack, until
from tests.flow.needed import ELSEWHERE, needed, refused
from tests.flow.releases import code_only, groups, live, production, released, roles, rollout, slots
from tests.local.flow.schema_check import checked

pytestmark = pytest.mark.flow

WRONG = {"scoring/board.py": ('"point": float(held.point[row, period])', '"point": float(held.point[row, period]) + 1')}
NEVER = {"scoring/refresh.py": ("self._facts.model, self._facts.version", "self._facts.model, 'none'")}


@pytest.fixture(scope="module")
def first(live_stack: Stack):
    """What `run.json` says after the first `make up`."""
    return checked(live_stack.cloud.state)


def test_make_up_ends_with_a_digest_in_production_and_every_step_cites_an_event(live_stack, first):
    assert [step["status"] for step in first["steps"]] == ["done"] * 8
    assert first["release"]["decision"] == "released"
    assert all(check["ok"] for check in (*first["release"]["qa"], *first["release"]["production"]))
    assert len(slots(live_stack)) == 1
    assert groups(live_stack) == []
    assert "champion" in roles(live_stack).values()
    page = (live_stack.cloud.state / "report.html").read_text()
    assert first["release"]["digest"][:19] in page


def test_the_answer_of_production_names_model_data_and_image(live_stack):
    told = live(live_stack)
    answer = production(live_stack).get("/forecast/1/1").json()
    assert answer["digest"] == told["digest"]
    assert (answer["model"], answer["data_version"]) == ("demand", told["data_version"])
    assert all(cell["lower"] <= cell["point"] <= cell["upper"] for cell in answer["forecast"])


def test_an_answer_leads_back_to_its_file_over_events_that_are_on_the_bus(live_stack):
    asked = [sys.executable, "-m", "lineage", "--stack", "dev", "--store", "1", "--item", "1", "--json"]
    command = [sys.executable, "-m", "local.cli", "run", "--", *asked]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    links, told = {link["what"]: link for link in json.loads(done.stdout)["links"]}, live(live_stack)
    assert list(links)[:7] == ["deployment", "image", "model", "training run", "fitted on", "made from", "file"]
    assert links["image"]["identity"] == told["digest"]
    assert links["model"]["identity"] == f"demand {told['model_version']}"
    assert links["file"]["identity"].endswith((".csv", ".parquet"))
    for what, hub in {"training run": Hub.FEATURE_REGISTRY, "fitted on": Hub.DATA_DELIVERY}.items():
        assert links[what]["event"] in {body["id"] for body in live_stack.records(hub, "lineage")}


def test_every_role_is_needed_by_a_request_or_is_named_with_the_reason_why_not(live_stack, first):
    """Removing an assignment stops what `needed` tells, and no loop is refused anything."""
    ended = datetime.fromisoformat(first["began"]).timestamp() + first["total_seconds"]
    stops, silent = needed(live_stack.cloud, ended), set().union(*ELSEWHERE.values())
    assert {row for row in TABLE if row not in stops} == silent
    assert set(stops) & silent == set()
    assert refused(live_stack.cloud, ended) == []


def test_new_code_for_the_champion_goes_live_in_the_other_slot_and_the_old_one_is_gone(live_stack):
    before, slot, champion = live(live_stack)["digest"], slots(live_stack), roles(live_stack)
    digest = code_only(live_stack)
    run, result = released(live_stack, digest)
    assert (run.result, result["decision"]) == ("succeeded", "released")
    assert live(live_stack)["digest"] == digest != before
    assert len(slots(live_stack)) == 1
    assert slots(live_stack) != slot
    assert roles(live_stack) == champion


def test_an_image_that_answers_wrongly_is_stopped_in_qa_and_production_stays(live_stack):
    before, slot, champion = live(live_stack), slots(live_stack), roles(live_stack)
    run, result = released(live_stack, code_only(live_stack, WRONG))
    assert (run.result, result["decision"]) == ("failed", "rejected")
    assert "forecasts" in result["reason"]
    assert result["production"] is None
    assert (live(live_stack), slots(live_stack), groups(live_stack), roles(live_stack)) == (before, slot, [], champion)


@pytest.mark.slow
def test_an_image_that_never_gets_ready_is_stopped_in_qa_and_production_stays(live_stack):
    before, slot, champion = live(live_stack), slots(live_stack), roles(live_stack)
    run, result = released(live_stack, code_only(live_stack, NEVER))
    assert (run.result, result["decision"]) == ("failed", "rejected")
    assert "ready" in result["reason"]
    assert (live(live_stack), slots(live_stack), groups(live_stack), roles(live_stack)) == (before, slot, [], champion)


@pytest.mark.slow
def test_without_the_group_of_qa_its_image_is_turned_away_and_production_stays(live_stack):
    before, slot = live(live_stack), slots(live_stack)
    digest = code_only(live_stack)
    until("the group of QA is there", lambda: groups(live_stack), 120)
    for group in live_stack.cloud.resources.of_type(GROUP):
        live_stack.cloud.resources.delete(group.id)
    run, result = released(live_stack, digest)
    assert (run.result, result["decision"]) == ("failed", "rejected")
    assert "ready" in result["reason"]
    assert (live(live_stack), slots(live_stack), groups(live_stack)) == (before, slot, [])


def test_releasing_what_is_live_changes_nothing(live_stack, tmp_path):
    before = live(live_stack)
    command, environment = rollout(live_stack, before["digest"], tmp_path / "result.json")
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    assert json.loads((tmp_path / "result.json").read_text())["decision"] == "unchanged"
    assert live(live_stack) == before


def test_without_the_image_in_the_registry_a_release_is_refused_and_names_it(live_stack, tmp_path):
    before = live(live_stack)
    missing = f"sha256:{'5' * 64}"
    command, environment = rollout(live_stack, missing, tmp_path / "result.json")
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode != 0
    assert missing in done.stderr
    assert live(live_stack) == before


def test_without_the_service_callers_are_refused_and_answered_again_when_it_is_back(live_stack):
    service = next(found for found in live_stack.cloud.resources.of_type(SERVICE) if found.name == "scoring")
    live_stack.cloud.resources.delete(service.id)
    try:
        until("nobody listens", lambda: _refused(live_stack))
    finally:
        live_stack.cloud.resources.put(service)
    until("production answers", lambda: not _refused(live_stack))


@pytest.mark.slow
def test_without_the_forecast_pointer_the_service_goes_on_with_what_it_has_and_says_so(live_stack):
    store = live_stack.cloud.store
    like = "container = 'forecasts' and name like '%/current.json'"
    rows = [dict(row) for row in store.rows(f"select * from blobs where {like}")]  # noqa: S608 - our own words
    assert rows
    with store.transaction() as connection:
        connection.execute(f"delete from blobs where {like}")  # noqa: S608
    try:
        until("the service tells of it", lambda: "There are no published forecasts" in _ready(live_stack).get("trouble", ""), 60)
        assert production(live_stack).get("/forecast/1/1").status == 200
    finally:
        with store.transaction() as connection:
            for row in rows:
                marks = ",".join("?" * len(row))
                connection.execute(f"insert into blobs({','.join(row)}) values ({marks})", tuple(row.values()))  # noqa: S608
    until("the trouble is over", lambda: _ready(live_stack).get("trouble") == "", 60)


def test_without_the_system_topic_a_pushed_image_is_never_released(live_stack):
    topics = live_stack.cloud.resources.of_type("Microsoft.EventGrid/systemTopics")
    topic = next(found for found in topics if "egst-cr" in found.name)
    subscriptions = [found for found in live_stack.cloud.resources.all() if found.id.startswith(f"{topic.id}/")]
    before = live(live_stack)
    for found in (*subscriptions, topic):
        live_stack.cloud.resources.delete(found.id)
    try:
        code_only(live_stack)
        until(
            "Event Grid looked at every event",
            lambda: not live_stack.cloud.store.rows("select 1 from events where matched is null"),
        )
        due = live_stack.cloud.store.rows("select 1 from deliveries where state = 'due'")
        assert [eventgrid.metrics(live_stack.cloud.store, item.id).failed for item in subscriptions] == [0] * len(subscriptions)
        assert (due, live(live_stack)) == ([], before)
    finally:
        for found in (topic, *subscriptions):
            live_stack.cloud.resources.put(found)


def test_a_pod_that_is_killed_is_started_again_and_production_answers(live_stack):
    (pod,) = [pod for pod in Pods(live_stack.cloud.store).all() if pod.labels.get("app") == "scoring"]
    os.kill(pod.pid or 0, signal.SIGKILL)
    until("the pod is counted as restarted", lambda: _restarts(live_stack, pod.name) > pod.restarts)
    until("production answers", lambda: not _refused(live_stack))


def _restarts(stack, name):
    return next((pod.restarts for pod in Pods(stack.cloud.store).all() if pod.name == name), 0)


def _refused(stack) -> bool:
    try:
        return production(stack).get("/live", 2.0).status != 200
    except AnswerError:
        return True


def _ready(stack):
    return production(stack).get("/ready", 5.0).json()
