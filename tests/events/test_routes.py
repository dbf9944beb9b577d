"""Which events are work, for whom, and which are refused."""

import hashlib
import json

import pytest
from hypothesis import given, strategies as st

from contracts.events import Event, Hub
from events.data_routes import Lake
from events.errors import RefusedError
from events.inbox import token
from events.intake import arrival
from events.release_routes import Releases
from events.routes import Ending, Work, route_of
from events.table import routes
from events.training_routes import Workspace
from tests.events.arm import WORKSPACE
from tests.events.release import REGISTRY

ACCOUNT = "dlsmlopsforecastingdev"
LAKE = f"/subscriptions/s/resourceGroups/rg-mlops/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}"
URL = f"abfss://bronze@{ACCOUNT}.dfs.core.windows.net"


class NoTarget:
    """Routing looks at the body alone; nothing may be started by it."""

    def prepare(self, version, token, cause):
        raise AssertionError((version, token, cause))

    def train(self, version, token, tags):
        raise AssertionError((version, token, tags))

    def labels(self, repository, digest):
        raise AssertionError((repository, digest))

    def role(self, model, version):
        raise AssertionError((model, version))

    def release(self, digest, token, causation):
        raise AssertionError((digest, token, causation))


def table_of(lake):
    nothing = NoTarget()
    releases = Releases(registry_id=REGISTRY, images=nothing, models=nothing, releaser=nothing)
    return routes(lake, nothing, Workspace(arm_id=WORKSPACE, attempts=2), nothing, releases)


TABLE = table_of(Lake(bronze_url=URL, arm_id=LAKE))


def routed(hub, event):
    found = route_of(TABLE, hub, event)
    return None if found is None else (found[0].name, found[1])


def test_a_commit_in_bronze_is_keyed_by_its_data_version(committed):
    for kind in ("Microsoft.Storage.BlobCreated", "Microsoft.Storage.BlobRenamed"):
        assert routed(Hub.DATA_DELIVERY, Event.of(committed(version=3, kind=kind))) == ("data-committed", "bronze/sales@3")


def test_events_of_one_table_share_a_lane_and_tables_do_not(committed):
    lanes = [
        arrival(TABLE, Hub.DATA_DELIVERY, json.dumps(committed(table=table, version=version)).encode(), "0@0").lane
        for table, version in (("sales", 0), ("sales", 1), ("calendar", 0))
    ]
    assert lanes[0] == lanes[1] != lanes[2]


@pytest.mark.parametrize("source", [LAKE.lower(), LAKE.upper(), f"{LAKE}/"])
def test_arm_ids_are_compared_without_case(committed, source):
    assert route_of(TABLE, Hub.DATA_DELIVERY, Event.of(committed(source=source))) is not None


@pytest.mark.parametrize("arm_id", [LAKE, ""])
@pytest.mark.parametrize("source", ["", f"{LAKE}2", LAKE.replace(ACCOUNT, "other"), f"x{ACCOUNT}", "https://example.org"])
def test_an_event_about_another_account_is_refused(committed, source, arm_id):
    table = table_of(Lake(bronze_url=URL, arm_id=arm_id))
    with pytest.raises(RefusedError, match="source"):
        route_of(table, Hub.DATA_DELIVERY, Event.of(committed(source=source)))


def test_without_the_arm_id_the_accounts_name_is_what_counts(committed):
    table = table_of(Lake(bronze_url=URL))
    elsewhere = LAKE.replace("rg-mlops", "rg-renamed")
    assert route_of(table, Hub.DATA_DELIVERY, Event.of(committed(source=elsewhere))) is not None
    with pytest.raises(RefusedError):
        route_of(TABLE, Hub.DATA_DELIVERY, Event.of(committed(source=elsewhere)))


@given(st.sampled_from([hub for hub in Hub if hub != Hub.DATA_DELIVERY]))
def test_a_storage_event_through_another_hub_is_refused(hub):
    event = Event(type="Microsoft.Storage.BlobCreated", source=LAKE, subject="x", id="i", time="")
    with pytest.raises(RefusedError, match="came through hub"):
        route_of(TABLE, hub, event)


def test_a_registered_dataset_starts_nothing_and_a_failed_one_is_recorded():
    dataset = Event(type="mlops.dataset.registered", source="s", subject="x", id="i", time="")
    assert route_of(TABLE, Hub.DATASET_REGISTRY, dataset) is None
    failed = Event(type="mlops.dataset.failed", source="s", subject="x", id="i", time="")
    assert routed(Hub.DATASET_REGISTRY, failed) == ("dataset-failed", "s|i")


def test_a_failed_dataset_names_the_effect_and_the_run_that_failed():
    data = {"run_id": "101", "happened": "The panel has no rows."}
    event = Event(type="mlops.dataset.failed", source="s", subject="bronze/sales@3", id="i", time="", data=data)
    [failed] = [route for route in TABLE if route.name == "dataset-failed"]
    ending = failed.act(Work(event=event, effect_key="s|i", attempt=1, token=token(failed.name, "s|i", 1))).ending
    assert ending == Ending(route="data-committed", effect_key="bronze/sales@3", run_id="101", failure="The panel has no rows.")


@given(st.binary(max_size=300) | st.none(), st.sampled_from(list(Hub)))
def test_every_record_becomes_an_arrival_that_can_be_stored(value, hub):
    kept = arrival(TABLE, hub, value, "0@0")
    assert (kept.route, kept.place, kept.body) == ("malformed", f"{hub}/0@0", value or b"")
    assert kept.effect_key == hashlib.sha256(value or b"").hexdigest()


@given(st.text(max_size=30), st.text(max_size=30), st.integers(1, 9))
def test_a_token_depends_on_route_key_and_attempt_and_fits_the_target(route, key, attempt):
    assert token(route, key, attempt) == hashlib.sha256(f"{route}|{key}|{attempt}".encode()).hexdigest()[:32]
    assert len({token(route, key, number) for number in (attempt, attempt + 1)}) == 2
