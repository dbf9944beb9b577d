"""A written run.json against its schema, and its steps against the record of events beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from local.flow import run_file
from local.report.recorder import FILE as EVENTS, Recorded

SCHEMA = json.loads((Path(run_file.__file__).parent / "run.schema.json").read_text())


def problems(told: dict[str, Any]) -> list[str]:
    """What breaks the schema, each with its place."""
    Draft202012Validator.check_schema(SCHEMA)
    return [
        f"{error.json_path}: {error.message}"
        for error in Draft202012Validator(SCHEMA, format_checker=FormatChecker()).iter_errors(told)
    ]


def checked(state: Path) -> dict[str, Any]:
    """The run.json of a state directory; it keeps its schema, and every event it cites is in events.jsonl."""
    told: dict[str, Any] = json.loads((state / run_file.FILE).read_text())
    assert problems(told) == []
    recorded = Recorded.read(state / EVENTS)
    for step in told["steps"]:
        if step["event"] is not None:
            record = recorded.find(step["event"])
            assert record is not None, f"{step['name']} cites an event that nobody read"
            assert record.hub == step["hub"]
    return told
