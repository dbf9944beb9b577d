"""Event hubs are topics of the real broker."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.certificates import ensure_certificates
from local.progress import Progress
from local.services.eventhubs import broker
from local.services.eventhubs.topics import list_topics

NAMESPACE = {"resourceGroupName": "rg-shop", "namespaceName": "evh-shop"}


@pytest.fixture
def with_broker(client: Any, tmp_path: Path) -> Iterator[Any]:
    """The provider with a broker at its Kafka endpoint."""
    ensure_certificates(tmp_path)
    command = broker.command(broker.BROKER.ensure(Progress()), tmp_path)
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    broker.wait_ready(tmp_path)
    yield client
    running.terminate()
    running.wait(10)


@pytest.mark.flow
def test_a_hub_is_a_topic_from_creation_to_deletion(with_broker: Any) -> None:
    client = with_broker
    client.group()
    client.create("eventhub:Namespace", NAMESPACE)
    made, outputs = client.create("eventhub:EventHub", {**NAMESPACE, "eventHubName": "drift", "partitionCount": 3})
    assert outputs["partitionIds"] == ["0", "1", "2"]
    client.create("eventhub:EventHub", {**NAMESPACE, "eventHubName": "sales_stream"})
    assert list_topics(client.resources.store.root) == {"drift": 3, "sales_stream": 4}
    client.delete("eventhub:EventHub", made)
    assert list_topics(client.resources.store.root) == {"sales_stream": 4}


@pytest.mark.flow
def test_a_deleted_namespace_takes_its_topics_along(with_broker: Any) -> None:
    client = with_broker
    client.group()
    namespace, _ = client.create("eventhub:Namespace", NAMESPACE)
    client.create("eventhub:EventHub", {**NAMESPACE, "eventHubName": "drift"})
    client.delete("eventhub:Namespace", namespace)
    assert list_topics(client.resources.store.root) == {}
    assert [resource.name for resource in client.resources.all()] == ["rg-shop"]
