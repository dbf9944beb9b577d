"""Removal drills: without one part, silver does not move, and the error or the silence is where Azure would show it."""

import pytest
from confluent_kafka import Producer

from contracts.events import Hub
from infra.roles import RECEIVE, SEND, Place, Principal
from local.authorize import ASSIGNMENT
from local.flow.publishing import publish_jobs
from local.flow.watch import ArrivalRefusedError
from local.progress import Step
from local.provider.deployment import Deployment
from local.provider.kinds import KINDS
from local.services.containers.models import STATEFUL_SET
from local.services.databricks.jobs import Jobs
from local.services.eventhubs.clients import own_login
from tests.flow.conftest import Stack, until
from tests.flow.without_role import without

pytestmark = pytest.mark.flow

HUBS = "Microsoft.EventHub/namespaces/eventhubs"
REFUSED_BY_THE_BUS = "authorization failed"


def test_without_the_event_subscription_nothing_happens_and_nobody_says_a_word(stack):
    subscription = stack.subscription("data-committed")
    sent = len(stack.records(Hub.DATA_DELIVERY))
    stack.cloud.resources.delete(subscription.id)
    try:
        arrival = stack.ingest(stack.panel("no-subscription", seed=11))
        until(
            "Event Grid looked at every event", lambda: not stack.cloud.store.rows("select 1 from events where matched is null")
        )
        assert len(stack.records(Hub.DATA_DELIVERY)) == sent
        assert stack.runs(arrival.version) == []
    finally:
        stack.cloud.resources.put(subscription)
    later = stack.ingest(stack.panel("with-subscription", seed=12))
    stack.silver_of(later.version)
    assert stack.runs(arrival.version) == []


@pytest.mark.slow
def test_without_the_hub_deliveries_fail_in_the_subscriptions_metrics_and_go_on_when_it_is_back(stack):
    hub = next(found for found in stack.cloud.resources.of_type(HUBS) if found.name == Hub.DATA_DELIVERY)
    failed = stack.metrics("data-committed").failed
    # As on Azure, the assignments on a resource go with it.
    held = [one for one in stack.cloud.resources.of_type(ASSIGNMENT) if one.properties["scope"].lower() == hub.id.lower()]
    kind = next(kind for kind in KINDS.values() if kind.arm_type == HUBS)
    deployment = Deployment(resources=stack.cloud.resources, endpoints=stack.cloud.endpoints)
    deployment.delete(hub.id)
    try:
        arrival = stack.ingest(stack.panel("no-hub", seed=13))
        until("a delivery failed", lambda: stack.metrics("data-committed").failed > failed)
        assert Hub.DATA_DELIVERY in stack.metrics("data-committed").last_error
        assert stack.runs(arrival.version) == []
    finally:
        inputs = {name: hub.properties[name] for name in ("resourceGroupName", "namespaceName", "eventHubName", "partitionCount")}
        deployment.create(kind, inputs)
        for assignment in held:
            stack.cloud.resources.put(assignment)
    stack.silver_of(arrival.version)
    assert len(stack.runs(arrival.version)) == 1


def test_without_the_handlers_stateful_set_events_wait_in_the_hub_and_are_handled_when_it_is_back(stack):
    sent = len(stack.records(Hub.DATA_DELIVERY))
    (handler,) = stack.cloud.resources.of_type(STATEFUL_SET)
    stack.cloud.resources.delete(handler.id)
    try:
        until("the handler stopped", lambda: stack.handler().get("state") == "stopped")
        arrival = stack.ingest(stack.panel("no-handler", seed=14))
        until("the event is in the hub", lambda: len(stack.records(Hub.DATA_DELIVERY)) > sent)
        assert stack.runs(arrival.version) == []
    finally:
        stack.cloud.resources.put(handler)
    stack.silver_of(arrival.version)
    assert len(stack.runs(arrival.version)) == 1


def test_without_the_databricks_job_the_handler_says_which_job_it_misses_and_tries_again(stack):
    jobs = Jobs(stack.cloud.store)
    row = stack.cloud.store.row("select job_id from databricks_jobs where name = 'prepare-dataset'")
    jobs.delete(row["job_id"])
    try:
        arrival = stack.ingest(stack.panel("no-job", seed=15))
        until("the handler tells of it", lambda: "jobs named prepare-dataset" in str(stack.handler()["counts"]["retrying"]))
        assert stack.runs(arrival.version) == []
    finally:
        publish_jobs(stack.cloud, stack.outputs, Step("publish"))
    stack.silver_of(arrival.version)
    assert len(stack.runs(arrival.version)) == 1


def told_on(stack: Stack, pattern: str, words: str) -> int:
    """How many lines of some logs hold these words."""
    return sum(file.read_text().count(words) for file in stack.cloud.logs.glob(pattern))


def test_without_the_role_of_its_topic_event_grid_is_refused_says_so_and_delivers_when_it_is_back(stack):
    failed = stack.metrics("data-committed").failed
    with without(stack, Principal.LAKE_TOPIC, Hub.DATA_DELIVERY):
        arrival = stack.ingest(stack.panel("no-sender", seed=16))
        until("a delivery failed", lambda: stack.metrics("data-committed").failed > failed)
        assert stack.metrics("data-committed").last_error.startswith("Unauthorized")
        assert stack.runs(arrival.version) == []
    stack.silver_of(arrival.version)


def test_without_the_role_of_the_handler_it_tells_what_storage_said_and_goes_on_when_it_is_back(stack):
    with without(stack, Principal.HANDLER, Place.LAKE_BRONZE):
        arrival = stack.ingest(stack.panel("no-reader", seed=17))
        until("the handler tells of it", lambda: "AuthorizationPermissionMismatch" in str(stack.handler()["counts"]["retrying"]))
        assert stack.runs(arrival.version) == []
    stack.silver_of(arrival.version)


def test_without_the_role_of_the_job_on_silver_it_fails_and_names_role_and_place(stack):
    with without(stack, Principal.DATA, Place.LAKE_SILVER):
        arrival = stack.ingest(stack.panel("no-writer", seed=18))
        with pytest.raises(ArrivalRefusedError, match="The storage account refused this identity") as refused:
            stack.silver_of(arrival.version)
    assert "silver" in refused.value.given
    assert "Contributor" in refused.value.allowed


def test_without_the_role_of_the_job_on_the_bus_it_says_so_and_nobody_hears_of_silver_until_it_is_back(stack):
    logs = "databricks/**/register*.log"
    said = told_on(stack, logs, REFUSED_BY_THE_BUS)
    with without(stack, Principal.DATA, Place.BUS):
        arrival = stack.ingest(stack.panel("no-publisher", seed=19))
        until("the job tells of it", lambda: told_on(stack, logs, REFUSED_BY_THE_BUS) > said, seconds=120)
        heard = [body["data"]["source"] for body in stack.records(Hub.FEATURE_REGISTRY)]
        assert str(arrival.version) not in heard
    stack.silver_of(arrival.version)


def test_without_the_role_of_the_handler_to_read_it_says_so_and_events_wait_until_it_is_back(stack):
    logs, sent = "pods/*event-handler*.log", len(stack.records(Hub.DATA_DELIVERY))
    said = told_on(stack, logs, REFUSED_BY_THE_BUS)
    with without(stack, Principal.HANDLER, Place.BUS, RECEIVE):
        arrival = stack.ingest(stack.panel("no-receiver", seed=20))
        until("the event is in the hub", lambda: len(stack.records(Hub.DATA_DELIVERY)) > sent)
        until("the handler tells of it", lambda: told_on(stack, logs, REFUSED_BY_THE_BUS) > said)
        assert stack.runs(arrival.version) == []
    stack.silver_of(arrival.version)


def test_without_the_role_of_the_handler_to_send_what_it_gives_up_on_waits_until_it_is_back(stack):
    given_up = len(stack.records(Hub.DEAD_LETTER))
    with without(stack, Principal.HANDLER, Place.BUS, SEND):
        producer = Producer(own_login(stack.cloud.state))
        producer.produce(Hub.DRIFT, b"{}")
        assert producer.flush(10) == 0
        until("the handler tells of it", lambda: REFUSED_BY_THE_BUS in str(stack.handler()["counts"]["retrying"]))
        assert len(stack.records(Hub.DEAD_LETTER)) == given_up
    until("the dead letter is there", lambda: len(stack.records(Hub.DEAD_LETTER)) > given_up)
