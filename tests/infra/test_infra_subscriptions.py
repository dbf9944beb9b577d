"""Which events are delivered where, and how."""

from __future__ import annotations

from collections import Counter
from typing import Any

from contracts.events import AzureEvent, Hub
from contracts.names import BRONZE, DEAD_LETTER
from deployment.declared.clouds import id_of
from deployment.declared.model import Declared
from deployment.declared.programs import declared
from infra.subscriptions import TABLE, WHOLE_FILE_APIS, Source


def _subscriptions() -> list[Declared]:
    return declared("dev").of("eventgrid:SystemTopicEventSubscription")


def _by_name(name: str) -> Declared:
    (found,) = [item for item in _subscriptions() if item.name == name]
    return found


def test_all_fifteen_event_types_are_subscribed_once_and_only_those() -> None:
    types = Counter(kind for item in _subscriptions() for kind in item.inputs["filter"]["includedEventTypes"])
    assert types == Counter({kind.value: 1 for kind in AzureEvent})
    assert len(types) == 15


def test_the_table_is_declared_row_by_row() -> None:
    hubs = {item.name: _destination(item)["resourceId"] for item in _subscriptions()}
    assert hubs == {row.name: id_of("eventhub:EventHub", row.hub) for row in TABLE}


def test_hubs_of_system_events_are_those_of_the_contract() -> None:
    hubs = {kind: row.hub for row in TABLE for kind in row.types}
    assert hubs[AzureEvent.BLOB_CREATED] is Hub.DATA_DELIVERY
    assert hubs[AzureEvent.IMAGE_PUSHED] is Hub.ARTIFACT_REGISTRY
    assert hubs[AzureEvent.MODEL_REGISTERED] is Hub.MODEL_REGISTRY
    assert hubs[AzureEvent.RUN_COMPLETED] is Hub.TRAINING_RUN_COMPLETED
    assert hubs[AzureEvent.RUN_STATUS_CHANGED] is Hub.TRAINING_RUN_FAILED
    assert hubs[AzureEvent.DATASET_DRIFT_DETECTED] is Hub.DRIFT


def test_every_subscription_delivers_cloud_events_as_the_topics_identity() -> None:
    for item in _subscriptions():
        assert item.inputs["eventDeliverySchema"] == "CloudEventSchemaV1_0"
        assert item.inputs["deliveryWithResourceIdentity"]["identity"] == {"type": "SystemAssigned"}
        assert _destination(item)["endpointType"] == "EventHub"
        assert "destination" not in item.inputs


def test_every_subscription_keeps_what_it_can_not_deliver() -> None:
    for item in _subscriptions():
        dead_letter = item.inputs["deadLetterWithResourceIdentity"]
        assert dead_letter["identity"] == {"type": "SystemAssigned"}
        assert dead_letter["deadLetterDestination"]["blobContainerName"] == DEAD_LETTER
        assert dead_letter["deadLetterDestination"]["resourceId"].endswith("/stmlwmlopsforecastingdev")


def test_every_subscription_retries_within_azures_limits() -> None:
    for item in _subscriptions():
        assert item.inputs["retryPolicy"] == {"maxDeliveryAttempts": 30, "eventTimeToLiveInMinutes": 1440}


def test_every_subscription_waits_for_the_roles_of_all_topics() -> None:
    for item in _subscriptions():
        waited = [urn for urn in item.dependencies if "RoleAssignment::" in urn and "-topic-" in urn]
        assert len(waited) == 9, item.dependencies


def test_the_subject_becomes_the_partition_key() -> None:
    for item in _subscriptions():
        (mapping,) = _destination(item)["deliveryAttributeMappings"]
        assert mapping == {"type": "Dynamic", "name": "PartitionKey", "sourceField": "subject"}


def test_data_committed_takes_whole_commit_files_of_bronze_alone() -> None:
    chosen = _by_name("data-committed").inputs["filter"]
    assert chosen["subjectBeginsWith"] == f"/blobServices/default/containers/{BRONZE}/"
    assert chosen["subjectEndsWith"] == ".json"
    assert chosen["advancedFilters"] == [
        {"operatorType": "StringContains", "key": "subject", "values": ["/_delta_log/"]},
        {"operatorType": "StringIn", "key": "data.api", "values": list(WHOLE_FILE_APIS)},
    ]


def test_the_api_filter_lets_renames_pass_and_half_written_files_not() -> None:
    assert "RenameFile" in WHOLE_FILE_APIS
    assert "CreateFile" not in WHOLE_FILE_APIS


def test_data_changed_has_no_api_filter_that_would_silence_deletes() -> None:
    assert "advancedFilters" not in _by_name("data-changed").inputs["filter"]


def test_only_failed_and_cancelled_runs_reach_the_failure_hub() -> None:
    (chosen,) = _by_name("run-failed").inputs["filter"]["advancedFilters"]
    assert chosen["key"] == "data.runStatus"
    assert {value.lower() for value in chosen["values"]} == {"failed", "canceled"}


def test_a_dead_letter_can_not_raise_the_event_that_it_came_from() -> None:
    for row in TABLE:
        if row.source is Source.LAKE:
            assert row.begins_with
            assert not f"/blobServices/default/containers/{DEAD_LETTER}/".startswith(row.begins_with)


def _destination(item: Declared) -> dict[str, Any]:
    destination: dict[str, Any] = item.inputs["deliveryWithResourceIdentity"]["destination"]
    return destination
