"""The inbox keeps each effect once, whatever the bus repeats."""

import contextlib
from collections import Counter

import pytest
from hypothesis import given, strategies as st

from events.inbox import Arrival, Inbox
from events.logs import record
from events.status import count

FACTS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.booleans()), max_size=30)


def told(identity, key, routed):
    """A fact is one of a source; one effect may be told by facts with different ids."""
    fact = {"source": "s", "id": f"{identity}-{key}-{routed}", "type": "t", "body": b"{}", "place": "p"}
    return Arrival(**fact, route="r", effect_key=str(key), lane="l") if routed else Arrival(**fact)


@given(FACTS, st.integers(1, 5))
def test_every_delivery_is_an_effect_a_duplicate_or_unrouted(tmp_path_factory, facts, batch):
    arrivals = [told(*fact) for fact in facts]
    with contextlib.closing(Inbox(tmp_path_factory.mktemp("inbox"), durable=False)) as inbox:
        new = sum(inbox.put(arrivals[start : start + batch]) for start in range(0, len(arrivals), batch))
        keys = Counter(key for _, key, routed in facts if routed)
        counts = count(inbox)
        assert new == counts.ready == len(keys)
        assert counts.duplicates == keys.total() - len(keys)
        assert counts.unrouted == len({fact for fact in facts if not fact[2]})
        assert [item.effect_key for item in inbox.ready_after(0)] == list(map(str, keys))


def test_a_batch_is_kept_whole_or_not_at_all(tmp_path):
    with contextlib.closing(Inbox(tmp_path, durable=True)) as inbox:
        damaged = Arrival(source="s", id="x", type="t", body=b"", place="p", route="r", effect_key="\ud800", lane="l")
        with pytest.raises(UnicodeEncodeError):
            inbox.put([told(0, 0, routed=True), damaged])
        assert inbox.ready_after(0) == []
        assert inbox.put([told(0, 0, routed=True)]) == 1


def test_a_log_line_is_one_line_whatever_an_event_says(caplog):
    with caplog.at_level("INFO", logger="events"):
        record("retry", effect_key="bronze/sales@3", error='no\r\nlevel=INFO event=forged \x1b[31m "quoted"', run="")
    [line] = [message.getMessage() for message in caplog.records]
    assert line == r'event=retry effect_key=bronze/sales@3 error="no\r\nlevel=INFO event=forged \u001b[31m \"quoted\"" run=""'
