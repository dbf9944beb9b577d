"""The access log: a line is there before the answer is whole."""

import asyncio

import pytest

from local.services.cloud import Cloud
from local.services.http import Gate, Opened
from tests.access import accessed

REQUEST = {"type": "http", "path": "/open", "method": "GET", "query_string": b"", "headers": []}


@pytest.fixture
def cloud(tmp_path):
    return Cloud.open(tmp_path)


def serve(cloud, answer, send):
    """One request to an application behind the gate."""

    async def receive():
        return {"type": "http.disconnect"}

    def refuse(error):
        pytest.fail(f"refused: {error}")

    gate = Gate(
        answer, cloud=cloud, service="blob", error_form=refuse, opened=Opened(paths=frozenset({"/open"}), prefixes=("/none/",))
    )
    asyncio.run(gate(dict(REQUEST), receive, send))


def test_a_request_is_in_the_access_log_before_the_last_part_of_its_answer_is_sent(cloud):
    logged = []

    async def answer(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        await send({"type": "http.response.body", "body": b"b"})

    async def send(_message):
        logged.append([line["status"] for line in accessed(cloud)])

    serve(cloud, answer, send)
    assert logged == [[], [], [200]]
    assert [line["status"] for line in accessed(cloud)] == [200]


def test_a_request_that_is_never_answered_is_in_the_access_log_too(cloud):
    async def silent(_scope, _receive, _send):
        return None

    serve(cloud, silent, silent)
    assert [line["status"] for line in accessed(cloud)] == [0]
