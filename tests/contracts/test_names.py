"""Names are those of the source system, and Azure's length rules hold for any workload."""

import re
from dataclasses import asdict

import pytest
from hypothesis import given, strategies as st

from contracts.names import RULES, NameRefusedError, names


def test_the_defaults_follow_the_source_system():
    production = names()
    assert production.resource_group == "rg-mlops-forecasting"
    assert production.lake == "dlsmlopsforecasting"
    assert production.registry == "crmlopsforecasting"
    development = names(suffix="dev")
    assert development.databricks == "dbw-mlops-forecasting-dev"
    assert development.lake == "dlsmlopsforecastingdev"
    assert len(development.ml_storage) == 24


def test_a_name_that_is_too_long_is_refused_with_what_is_allowed():
    with pytest.raises(NameRefusedError) as refusal:
        names("a-very-long-workload-name")
    assert "3-24 lower-case letters and digits" in str(refusal.value)
    assert "workload" in refusal.value.remedy


@given(st.text(max_size=30), st.sampled_from(["", "dev", "staging"]))
def test_any_workload_gives_names_that_azure_accepts_or_a_refusal(workload, suffix):
    try:
        built = names(workload, suffix)
    except NameRefusedError:
        return
    assert re.fullmatch(RULES["storage_account"][0], built.lake)
    assert re.fullmatch(RULES["key_vault"][0], built.key_vault)
    assert all(isinstance(value, str) for value in asdict(built).values())
