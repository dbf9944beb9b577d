"""The event catalogue: hub limits, event form, ids that make a repeat visible, error form."""

import pickle

from hypothesis import given, strategies as st

from contracts.errors import FourPartError
from contracts.events import HUB_OF, AzureEvent, DataVersion, Event, Hub, OwnEvent, event_id

HUBS_OF_STANDARD = 10


def test_the_hubs_fit_one_standard_namespace():
    assert len(Hub) == HUBS_OF_STANDARD
    assert set(HUB_OF) == set(OwnEvent)


def test_all_fifteen_types_of_the_source_are_in_the_catalogue():
    assert len(AzureEvent) == 15


@given(st.from_regex(r"[a-z]+(/[a-z]+)?", fullmatch=True), st.integers(min_value=0, max_value=10**19))
def test_a_data_version_reads_back_what_it_wrote(table, version):
    assert DataVersion.parse(str(DataVersion(table=table, version=version))) == DataVersion(table=table, version=version)


@given(st.text(min_size=1), st.text(min_size=1), st.dictionaries(st.text(), st.integers()))
def test_an_event_reads_back_what_it_wrote(kind, subject, data):
    event = Event(type=kind, source="/s", subject=subject, id="1", time="2026-01-01T00:00:00Z", data=data, causationid="c")
    assert Event.of(event.body()) == event


def test_the_same_fact_has_the_same_id_and_another_fact_another():
    first = event_id(OwnEvent.DATASET_REGISTERED, "silver/panel@3")
    assert first == event_id(OwnEvent.DATASET_REGISTERED, "silver/panel@3")
    assert first != event_id(OwnEvent.DATASET_REGISTERED, "silver/panel@4")
    assert first != event_id(OwnEvent.DATASET_FAILED, "silver/panel@3")


def test_a_four_part_error_keeps_its_parts_across_processes():
    error = FourPartError("It broke.", given=3, allowed="1 or 2", remedy="Choose 1.")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (copy.happened, copy.given, copy.allowed, copy.remedy) == ("It broke.", "3", "1 or 2", "Choose 1.")
    assert str(copy) == str(error)
