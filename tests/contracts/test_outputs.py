"""Stack outputs are complete or refused, and become an environment without secrets."""

from dataclasses import fields

import pytest

from contracts.outputs import OutputsMissingError, PlatformOutputs

IDENTITY = {"name": "id-data", "client_id": "c1", "principal_id": "p1", "id": "/i"}


def outputs():
    return {field.name: field.name for field in fields(PlatformOutputs)} | {"identities": {"data": IDENTITY}}


def test_a_stack_without_one_output_is_refused_by_name():
    partial = outputs()
    del partial["silver_url"]
    with pytest.raises(OutputsMissingError, match="silver_url"):
        PlatformOutputs.of(partial)


def test_the_environment_of_a_workload_names_its_identity_and_the_places():
    environment = PlatformOutputs.of(outputs()).environment("data")
    assert environment["AZURE_CLIENT_ID"] == "c1"
    assert environment["BRONZE_URL"] == "bronze_url"
    assert environment["EVENTS_BOOTSTRAP"] == "events_bootstrap"


def test_outputs_of_a_newer_program_are_read_without_the_unknown_ones():
    assert PlatformOutputs.of(outputs() | {"something_new": "x"}).stack == "stack"
