"""What the services have written into their access log; a line is there before its answer is whole."""

import json
from typing import Any

from local.services.cloud import Cloud


def accessed(cloud: Cloud, service: str | None = None) -> list[dict[str, Any]]:
    """The lines of the access log, oldest first; of one service if named."""
    lines = [json.loads(line) for line in (cloud.logs / "access.jsonl").read_text().splitlines()]
    return [line for line in lines if service in {None, line["service"]}]
