"""All that one `make up` came to, as run.json, the report and the closing block tell it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.events import Event, OwnEvent
from local.flow.arriving import Arrival
from local.flow.options import DEFAULT_STACK, Options
from local.flow.platform import Applied
from local.flow.released import Released
from local.flow.training import Trained


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the phases returned; `metrics` maps a model to its figures over the last periods, shares of 1."""

    options: Options
    applied: Applied
    arrival: Arrival
    registered: Mapping[OwnEvent, Event]
    trained: Trained
    metrics: Mapping[str, Mapping[str, float | None]]
    peak_mebibytes: int
    released: Released = field(default_factory=Released.none)

    @property
    def model_version(self) -> str:
        """The version that this training registered; empty when it registered none."""
        return str((self.trained.event.data.get("runTags") or {}).get("model.version", ""))

    @property
    def command(self) -> str:
        """The command that does this again."""
        options = self.options
        given = {"SCENARIO": options.scenario, "STACK": options.stack, "DATA": options.data, "COLUMNS": options.columns}
        given["NEGATIVE"] = options.negative
        told = [f"{name}={shlex.quote(value)}" for name, value in given.items() if value and value != DEFAULT_STACK]
        return " ".join(["make", options.verb, *told])
