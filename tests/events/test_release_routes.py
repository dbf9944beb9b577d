"""Which pushed images start a release, which are left alone, and which are refused."""

import pytest
from hypothesis import given, strategies as st

from contracts.events import Event, Hub
from events.errors import PoisonError, RefusedError
from events.inbox import token
from events.release_routes import Releases, image_pushed
from events.routes import Outcome, Work, route_of
from tests.events.release import LABELS, MANIFEST, REGISTRY

DIGEST = f"sha256:{'0a' * 32}"
HUB = Hub.ARTIFACT_REGISTRY


class Platform:
    """One image, one version's role, and a note of the releases started."""

    def __init__(self, labels=LABELS, role="challenger"):
        self._labels = labels
        self._role = role
        self.asked = []
        self.started = []

    def labels(self, repository, digest):
        self.asked.append((repository, digest))
        return self._labels

    def role(self, model, version):
        self.asked.append((model, version))
        return self._role

    def release(self, digest, token, causation):
        self.started.append((digest, token, causation))
        return "41"


def route_on(platform):
    return image_pushed(Releases(registry_id=REGISTRY, images=platform, models=platform, releaser=platform))


def routed(event, hub=HUB):
    found = route_of([route_on(Platform())], hub, Event.of(event))
    return None if found is None else (found[0].name, found[1])


def acted(platform, event):
    told = Event.of(event)
    found = route_of([route_on(platform)], HUB, told)
    assert found is not None
    route, key = found
    return route.act(Work(event=told, effect_key=key, attempt=1, token=token(route.name, key, 1)))


@pytest.mark.parametrize("role", ["challenger", "champion"])
def test_an_image_of_a_challenger_or_of_the_champion_in_new_code_starts_its_release(pushed, role):
    platform = Platform(role=role)
    assert acted(platform, pushed(DIGEST, identity="p")) == Outcome(state="done", detail="started", run_id="41")
    assert platform.started == [(DIGEST, token("image-pushed", DIGEST, 1), "p")]
    assert platform.asked == [("scoring", DIGEST), ("demand", "3")]


@pytest.mark.parametrize("capital", [False, True])
def test_both_spellings_of_the_keys_name_the_image_and_its_digest_is_the_effect(pushed, capital):
    docker = "application/vnd.docker.distribution.manifest.v2+json"
    assert routed(pushed(DIGEST, capital=capital)) == ("image-pushed", DIGEST)
    assert routed(pushed(DIGEST, capital=capital, mediaType=docker, source=REGISTRY.upper())) == ("image-pushed", DIGEST)


@pytest.mark.parametrize(
    "changed",
    [
        {"repository": "event-handler"},
        {"repository": "scoring/base"},
        {"repository": "Scoring"},
        {"mediaType": "application/vnd.acr.helm.chart"},
        {"mediaType": "application/vnd.cncf.helm.config.v1+json"},
        {"mediaType": "application/vnd.oci.image.index.v1+json"},
        {"mediaType": "application/vnd.docker.distribution.manifest.list.v2+json"},
        {"mediaType": ""},
    ],
)
def test_other_repositories_charts_and_indexes_are_left_alone(pushed, changed):
    assert routed(pushed(DIGEST, **changed)) is None


@pytest.mark.parametrize("source", [f"{REGISTRY}2", REGISTRY.replace("rg-mlops", "rg-other"), "", "/data-ops/prepare-dataset"])
def test_an_image_of_another_registry_is_refused_whatever_its_repository(pushed, source):
    for repository in ("scoring", "event-handler"):
        with pytest.raises(RefusedError, match="not the registry of this platform"):
            routed(pushed(DIGEST, source=source, repository=repository))


@pytest.mark.parametrize("digest", ["", "3-7", DIGEST.upper(), DIGEST[:-1], f"{DIGEST}0", f"{DIGEST}\n", None, 7])
def test_an_event_without_a_digest_is_refused(pushed, digest):
    with pytest.raises(RefusedError, match="names no digest"):
        routed(pushed(digest))


def test_keys_in_two_spellings_that_differ_and_a_target_that_is_no_object_are_refused(pushed):
    twice = pushed(DIGEST)
    twice["data"]["target"]["Digest"] = DIGEST.replace("0", "1")
    with pytest.raises(RefusedError, match="digest twice"):
        routed(twice)
    for target in ("scoring", ["scoring"], 7):
        with pytest.raises(RefusedError, match="not an object"):
            routed(pushed(DIGEST) | {"data": {"target": target}})


def test_no_other_hub_tells_of_images(pushed):
    for hub in set(Hub) - {HUB}:
        with pytest.raises(RefusedError, match="came through hub"):
            routed(pushed(DIGEST), hub)


def test_deleted_images_and_charts_are_counted_only(pushed):
    for kind in ("ImageDeleted", "ChartPushed", "ChartDeleted"):
        assert routed(pushed(DIGEST) | {"type": f"Microsoft.ContainerRegistry.{kind}"}) is None


@given(st.dictionaries(st.sampled_from(["repository", "mediaType", "digest", "Digest", "tag"]), st.text(max_size=20)))
def test_whatever_a_target_holds_only_the_digest_of_a_scoring_image_is_ever_an_effect(target):
    event = {"type": "Microsoft.ContainerRegistry.ImagePushed", "source": REGISTRY, "id": "i", "data": {"target": target}}
    try:
        assert routed(event) is None
        assert target.get("repository") != "scoring" or target.get("mediaType") != MANIFEST
    except RefusedError:
        pass


@pytest.mark.parametrize("role", ["rejected", "retired"])
def test_an_image_whose_model_was_turned_away_or_replaced_is_ignored_with_the_reason(pushed, role):
    platform = Platform(role=role)
    assert acted(platform, pushed(DIGEST)) == Outcome(state="ignored", detail=f"version 3 of model demand is {role}")
    assert platform.started == []


def test_a_signature_beside_an_image_is_ignored(pushed):
    platform = Platform(labels=None)
    assert acted(platform, pushed(DIGEST)).state == "ignored"
    assert platform.started == []


@pytest.mark.parametrize("role", ["", "Champion", "winner"])
def test_a_version_without_a_role_is_poison_and_the_text_says_what_to_do(pushed, role):
    platform = Platform(role=role)
    with pytest.raises(PoisonError, match=f"tag role='{role}', not one of challenger, champion, rejected, retired"):
        acted(platform, pushed(DIGEST))
    assert platform.started == []


@pytest.mark.parametrize("missing", sorted(LABELS))
def test_an_image_without_one_of_its_labels_is_poison(pushed, missing):
    platform = Platform(labels={name: text for name, text in LABELS.items() if name != missing})
    with pytest.raises(PoisonError, match=f"scoring@{DIGEST} has no label {missing}"):
        acted(platform, pushed(DIGEST))
    assert platform.asked == [("scoring", DIGEST)]


@pytest.mark.parametrize(
    "changed",
    [{"mlops.model": "weather"}, {"mlops.model-version": "3/../4"}, {"mlops.model-version": "0"}, {"mlops.model-version": "٣"}],
)
def test_labels_that_name_no_version_of_the_model_ask_for_nothing_in_the_workspace(pushed, changed):
    platform = Platform(labels={**LABELS, **changed})
    with pytest.raises(PoisonError, match="no version of demand"):
        acted(platform, pushed(DIGEST))
    assert platform.asked == [("scoring", DIGEST)]


def test_releases_share_a_lane_so_that_an_older_image_never_starts_after_a_newer(pushed):
    route = route_on(Platform())
    events = [Event.of(pushed(DIGEST)), Event.of(pushed(DIGEST.replace("0", "1")))]
    assert len({route.lane(event) for event in events}) == 1
