"""A scoring image's release from end to end: services that listen, a real model registry, an engine that can die anywhere."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from mlflow import MlflowClient

from contracts.images import Built
from deployment.pulumi_stack import EngineFailedError
from ml_pipelines.registry import VersionMissingError
from rollout import acceptance
from rollout.digests import Digests
from rollout.engine import URLS, Standing
from rollout.journal import Journal, Result
from rollout.models import Models, VersionRefusedError
from rollout.scoring import ProductionDownError, ScoringRelease, Terms
from rollout.service import Proof
from tests.certificates import self_signed
from tests.rollout.scoring_server import Answers, forecasts, serving

OLD, NEW, CODE = (f"sha256:{letter * 64}" for letter in "abc")
BUILT = Built(model="demand", model_version="1", data_version="silver/panel@1", run="run-1", revision="abc")
IMAGES = {OLD: BUILT, NEW: replace(BUILT, model_version="2", data_version="silver/panel@2"), CODE: replace(BUILT, revision="def")}
LIVE = Digests(blue=OLD, active="blue", handler="h")
RELEASED = Digests(green=NEW, active="green", handler="h")


class KilledError(BaseException):
    """The process ends here, as by kill -9: nothing of the product may catch it."""


@dataclass
class Plant:
    """A release stack whose slots are services on this machine; it may die before or after the n-th effect."""

    digests: Digests
    wrong: dict[tuple[str, str], Callable[[Answers], Answers]] = field(default_factory=dict)
    """What an image does wrong, by digest and place."""
    stuck: set[tuple[str, str]] = field(default_factory=set)
    """Images that never get ready in a slot."""
    dies_at: int = -1
    lost: bool = False
    """Whether the effect at which it dies is lost."""
    effects: int = 0
    urls: dict[str, str] = field(default_factory=dict)
    applied: list[Digests] = field(default_factory=list)

    def standing(self) -> Standing:
        """What is recorded."""
        state = self.digests
        on = {"qa_url": state.qa, "blue_url": state.blue, "green_url": state.green, "production_url": state.live}
        return Standing(digests=state, urls={name: self.urls[name] if on[name] else "" for name in URLS})

    def apply(self, digests: Digests) -> Standing:
        """Record it, or die."""

        def record() -> None:
            self.applied.append(digests)
            for slot in ("blue", "green"):
                if (digests.digest(slot), slot) in self.stuck:
                    raise EngineFailedError("It did not get ready.", given="progress deadline", allowed="-", remedy="-")
            self.digests = digests

        self.effect(record)
        return self.standing()

    def effect(self, act: Callable[[], None]) -> None:
        """Do one thing that outlives the process."""
        dies = self.effects == self.dies_at
        self.effects += 1
        if not (dies and self.lost):
            act()
        if dies:
            raise KilledError

    def answers(self, place: str) -> Answers:
        """What listens at an address now."""
        state = self.digests
        slot = state.active if place == "production" else place
        digest = state.qa if slot == "qa" else state.digest(slot)
        if not digest:
            return Answers(digest="", built=BUILT, release="").replying("/", status=503)
        right = Answers(digest=digest, built=IMAGES[digest], release=slot)
        return self.wrong.get((digest, place), lambda answers: answers)(right)


CERTIFICATE, WITH_KEY = self_signed("forecasts.example.com")
PROOF = Proof(hostname="forecasts.example.com", certificate=CERTIFICATE)


@pytest.fixture
def plant(monkeypatch, tmp_path: Path) -> Iterator[Plant]:
    """A plant in which version 1 is live and the handler runs."""
    file = tmp_path / "scoring.pem"
    file.write_text(WITH_KEY)
    monkeypatch.setattr(acceptance, "CALLS", 2)
    monkeypatch.setattr(acceptance, "MOVE_SECONDS", 0.2)
    made = Plant(digests=LIVE)
    with ExitStack() as servers:
        for place in ("qa", "blue", "green", "production"):
            made.urls[f"{place}_url"] = servers.enter_context(serving(lambda place=place: made.answers(place), file))
        yield made


@dataclass
class Roles:
    """The model registry, written before a release and read after it."""

    client: MlflowClient
    uri: str

    def set(self, *roles: str) -> None:
        """Versions 1, 2, ... with these roles."""
        self.client.create_registered_model("demand")
        for role in roles:
            self.client.create_model_version("demand", "file:///nowhere", tags={"role": role})

    def now(self) -> list[str]:
        """Roles in order of the versions."""
        found = self.client.search_model_versions("name='demand'")
        return [item.tags["role"] for item in sorted(found, key=lambda item: int(item.version))]

    def tag(self, version: str, name: str) -> str:
        """A tag of a version."""
        return self.client.get_model_version("demand", version).tags[name]


@pytest.fixture
def roles(tmp_path: Path, monkeypatch) -> Roles:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    uri = (tmp_path / "mlruns").as_uri()
    return Roles(client=MlflowClient(uri), uri=uri)


@pytest.fixture
def mortal(monkeypatch, plant) -> None:
    """Writes to the registry count as effects of the plant too."""
    written = MlflowClient.set_model_version_tag
    monkeypatch.setattr(
        MlflowClient, "set_model_version_tag", lambda *given, **named: plant.effect(lambda: written(*given, **named))
    )


def release(
    plant: Plant,
    roles: Roles,
    digest: str = NEW,
    stream: io.StringIO | None = None,
    *,
    until_qa: bool = False,
    proof: Proof = PROOF,
) -> Result:
    """Release an image."""
    return ScoringRelease(
        digest=digest,
        stack=plant,
        models=Models(tracking_uri=roles.uri),
        built_of=IMAGES.__getitem__,
        published=lambda version: (forecasts(), f"silver/panel@{version.number}"),
        issued=lambda: proof,
        terms=Terms(ready_seconds=0.3, answer_millis=5000.0),
        journal=Journal(stream=stream or io.StringIO()),
        until_qa=until_qa,
    ).run()


def wrong_numbers(answers: Answers) -> Answers:
    """The same service with doubled points."""
    return answers.spoilt(
        "/forecast", lambda body: {**body, "forecast": [{**item, "upper": item["upper"] * 2} for item in body["forecast"]]}
    )


def test_a_challenger_goes_through_qa_and_the_idle_slot_into_production_and_is_crowned(plant, roles):
    roles.set("champion", "challenger")
    stream = io.StringIO()
    result = release(plant, roles, stream=stream)
    assert plant.digests == RELEASED
    assert roles.now() == ["retired", "champion"]
    assert (result.decision, result.champion, result.retired, result.version) == ("released", "2", ["1"], "2")
    told = json.loads(result.json())
    assert [check["ok"] for place in ("qa", "production") for check in told[place]["checks"]] == [True] * 16
    assert (told["production"]["slot"], told["production"]["url"]) == ("green", plant.urls["production_url"])
    assert (told["production"]["hostname"], told["production"]["certificate"]) == (PROOF.hostname, CERTIFICATE)
    assert told["qa"]["url"] == plant.urls["qa_url"]
    steps = [line.split()[1:3] for line in stream.getvalue().splitlines()]
    names = "inspect judge certificate qa-up acceptance slot-up slot-check switch production-check champion settle"
    assert steps == [[name, "done"] for name in names.split()]
    assert plant.applied[0].live == plant.applied[1].live == OLD


def test_until_qa_leaves_production_alone_and_the_run_after_the_approval_goes_on_from_there(plant, roles):
    roles.set("champion", "challenger")
    tested = release(plant, roles, until_qa=True)
    assert (tested.decision, tested.production, bool(tested.qa)) == ("tested", None, True)
    assert (plant.digests.live, plant.digests.qa) == (OLD, NEW)
    assert roles.now() == ["champion", "challenger"]
    applied = len(plant.applied)
    assert release(plant, roles).decision == "released"
    assert plant.digests == RELEASED
    assert plant.applied[applied].digest("green") == NEW, "QA was brought up again"


def test_until_qa_turns_a_wrong_image_away(plant, roles):
    roles.set("champion", "challenger")
    plant.wrong = {(NEW, "qa"): wrong_numbers}
    assert release(plant, roles, until_qa=True).decision == "rejected"
    assert plant.digests == LIVE
    assert roles.now() == ["champion", "rejected"]


def test_releasing_it_again_changes_nothing_and_says_so(plant, roles):
    roles.set("champion", "challenger")
    release(plant, roles)
    plant.applied.clear()
    result = release(plant, roles)
    assert (result.decision, plant.applied, roles.now()) == ("unchanged", [], ["retired", "champion"])
    assert json.loads(result.json())["production"]["checks"]


def test_the_first_image_of_all_is_released_into_an_empty_production(plant, roles):
    roles.set("challenger")
    plant.digests = Digests(handler="h")
    assert release(plant, roles, OLD).decision == "released"
    assert plant.digests == LIVE
    assert roles.now() == ["champion"]


def test_the_champion_in_new_code_is_released_and_stays_champion(plant, roles):
    roles.set("champion")
    assert release(plant, roles, CODE).decision == "released"
    assert plant.digests == Digests(green=CODE, active="green", handler="h")
    assert roles.now() == ["champion"]


BAD = {
    "qa": {"wrong": {(NEW, "qa"): wrong_numbers}},
    "slot": {"wrong": {(NEW, "green"): wrong_numbers}},
    "production": {"wrong": {(NEW, "production"): wrong_numbers}},
    "never ready in qa": {"wrong": {(NEW, "qa"): lambda answers: answers.replying("/ready", status=503)}},
    "never ready in the slot": {"stuck": {(NEW, "green")}},
}


@pytest.mark.parametrize("where", BAD)
def test_an_image_that_fails_leaves_production_as_it_was_and_is_rejected_with_the_reason(plant, roles, where):
    roles.set("champion", "challenger")
    vars(plant).update(BAD[where])
    result = release(plant, roles)
    assert plant.digests == LIVE
    assert roles.now() == ["champion", "rejected"]
    assert result.decision == "rejected"
    assert roles.tag("2", "rejected.reason") == result.reason
    assert result.reason
    moved = [state for state in plant.applied if state.live != OLD]
    assert bool(moved) == (where == "production")


OTHERS = {
    "another name": Proof(hostname="sales.example.com", certificate=CERTIFICATE),
    "another key": Proof(hostname=PROOF.hostname, certificate=self_signed(PROOF.hostname)[0]),
    "no authority that the machine trusts": Proof(hostname=PROOF.hostname, certificate=""),
}


@pytest.mark.parametrize("why", OTHERS)
def test_a_slot_that_does_not_prove_its_name_never_gets_into_production(plant, roles, why):
    roles.set("champion", "challenger")
    result = release(plant, roles, proof=OTHERS[why])
    assert (result.decision, plant.digests) == ("rejected", LIVE)
    assert "certificate verify failed" in result.reason
    assert all(state.live == OLD for state in plant.applied)


def test_new_code_that_fails_does_not_dethrone_its_model(plant, roles):
    roles.set("champion")
    plant.wrong = {(CODE, "qa"): wrong_numbers}
    assert release(plant, roles, CODE).decision == "rejected"
    assert (plant.digests, roles.now()) == (LIVE, ["champion"])


@pytest.mark.parametrize("role", ["retired", "rejected"])
def test_a_version_that_was_replaced_or_turned_away_is_refused_before_anything(plant, roles, role):
    roles.set("champion", role)
    with pytest.raises(VersionRefusedError, match=f"version 2, role {role}"):
        release(plant, roles)
    assert (plant.applied, roles.now()) == ([], ["champion", role])


def test_an_image_of_a_version_that_is_gone_is_refused_before_anything(plant, roles):
    roles.set("champion")
    with pytest.raises(VersionMissingError):
        release(plant, roles)
    assert not plant.applied


def test_a_live_image_that_no_longer_answers_is_told_and_nothing_is_tagged(plant, roles):
    roles.set("champion")
    plant.wrong = {(OLD, "production"): lambda answers: answers.replying("/", status=503)}
    with pytest.raises(ProductionDownError, match=OLD):
        release(plant, roles, OLD)
    assert (plant.digests, roles.now()) == (LIVE, ["champion"])


def test_a_way_back_that_fails_tags_nothing_so_that_the_same_command_can_go_on(plant, roles):
    roles.set("champion", "challenger")
    plant.wrong, plant.stuck = {(NEW, "qa"): wrong_numbers}, {(OLD, "blue")}
    with pytest.raises(EngineFailedError):
        release(plant, roles)
    assert roles.now() == ["champion", "challenger"]
    plant.stuck = set()
    assert release(plant, roles).decision == "rejected"
    assert (plant.digests, roles.now()) == (LIVE, ["champion", "rejected"])


def run_until_it_ends(plant: Plant, roles: Roles, dies_at: int, *, lost: bool) -> tuple[bool, Result]:
    """Run with a death at one effect, then again without; whether it died at all."""
    plant.dies_at, plant.lost = dies_at, lost
    try:
        return False, release(plant, roles)
    except KilledError:
        plant.dies_at = -1
        return True, release(plant, roles)


@pytest.mark.usefixtures("mortal")
@pytest.mark.parametrize("lost", [True, False])
@pytest.mark.parametrize("dies_at", range(7))
def test_a_release_that_died_anywhere_is_finished_by_the_same_command(plant, roles, dies_at, lost):
    roles.set("champion", "challenger")
    died, result = run_until_it_ends(plant, roles, dies_at, lost=lost)
    assert died == (dies_at < 6)
    assert (plant.digests, roles.now()) == (RELEASED, ["retired", "champion"])
    assert result.decision in {"released", "unchanged"}


@pytest.mark.usefixtures("mortal")
@pytest.mark.parametrize("where", BAD)
@pytest.mark.parametrize("lost", [True, False])
@pytest.mark.parametrize("dies_at", range(6))
def test_a_failing_release_that_died_anywhere_is_undone_by_the_same_command(plant, roles, where, dies_at, lost):
    roles.set("champion", "challenger")
    vars(plant).update(BAD[where])
    try:
        _, result = run_until_it_ends(plant, roles, dies_at, lost=lost)
        assert result.decision == "rejected"
    except VersionRefusedError:
        assert roles.now()[1] == "rejected"
    assert (plant.digests, roles.now()) == (LIVE, ["champion", "rejected"])


@pytest.mark.usefixtures("mortal")
@pytest.mark.parametrize("dies_at", range(4))
def test_another_image_after_a_release_that_died_starts_from_the_champion(plant, roles, dies_at):
    roles.set("champion", "challenger")
    plant.dies_at = dies_at
    with pytest.raises(KilledError):
        release(plant, roles)
    plant.dies_at = -1
    plant.wrong = {(CODE, "qa"): wrong_numbers}
    result = release(plant, roles, CODE)
    crowned = roles.now()[1] == "champion"
    assert plant.digests.live == (NEW if crowned else OLD)
    assert (result.decision, plant.digests.settled) == ("rejected", True)
