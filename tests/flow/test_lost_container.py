"""A container of the lake is deleted, and its blobs with it: the last that a stack of the session goes through."""

import pytest

pytestmark = pytest.mark.flow

CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers"


def test_without_the_lakes_container_a_file_is_refused_and_names_the_container(live_stack):
    bronze = next(found for found in live_stack.cloud.resources.of_type(CONTAINERS) if found.name == "bronze")
    live_stack.cloud.resources.delete(bronze.id)
    try:
        with pytest.raises(Exception, match=r"ContainerNotFound|container does not exist"):
            live_stack.ingest(live_stack.panel("no-container", seed=61))
    finally:
        live_stack.cloud.resources.put(bronze)
