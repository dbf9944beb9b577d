"""Outcomes of `make up` whose events lie on the example bus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from contracts.events import DataVersion, OwnEvent
from contracts.outputs import PlatformOutputs
from local.engine.events import Outcome as Counts
from local.flow.arriving import Arrival
from local.flow.options import Options
from local.flow.outcome import Outcome
from local.flow.platform import Applied
from local.flow.released import Released
from local.flow.training import Trained
from local.services.machine_learning.runs import Run, RunKind, Status
from tests.local.report.bus_example import RUN, STARTED, STEP, TAGS, ended, registered
from tests.local.report.report_example import DATASET, FEATURES, TRAINED, released

REASON = {"rule": "bias", "held": True, "value": 0.01, "bound": "-0.1 to 0.1", "text": "forecasts +1.0 % off all sales"}
BROKEN = {"rule": "worse", "held": False, "value": None, "bound": "< 0.01", "text": "error +3.0 % against version 1"}


def outcome(*, decision: str = "promote", release: Released | None = None, **changes: Any) -> Outcome:
    """A promoted and released version, or what another decision makes of it."""
    registers = decision in {"promote", "refresh"}
    tags = TAGS if registers else {name: value for name, value in TAGS.items() if name != "model.version"}
    body = {
        "decision": decision,
        "reasons": [REASON] if registers else [REASON, BROKEN],
        "model_name": "demand",
        "rung": "lightgbm",
        "naive": "seasonal_naive_7",
        "incumbent": None if registers else {"version": "1", "role": "champion"},
        "horizon": 28,
    }
    trained = Trained(run=run(RUN, "demand"), event=ended(TRAINED, RUN, **tags), steps=(run(STEP, "train"),), decision=body)
    outputs = PlatformOutputs.of({**dict.fromkeys(PlatformOutputs.__dataclass_fields__, "x"), "identities": {}})
    members: dict[str, Any] = {
        "options": Options(verb="up", stack="dev", data="", columns=""),
        "applied": Applied(outcome=Counts(counts={"create": 114}, seconds=8.0), resources=98, outputs=outputs),
        "arrival": Arrival(
            file=Path("generated.parquet"), version=DataVersion.parse("bronze/sales@1"), rows=913000, repeated=False
        ),
        "registered": {
            OwnEvent.DATASET_REGISTERED: registered(OwnEvent.DATASET_REGISTERED, DATASET, "silver/panel@1"),
            OwnEvent.FEATURES_REGISTERED: registered(OwnEvent.FEATURES_REGISTERED, FEATURES, "silver/features@1"),
        },
        "trained": trained,
        "metrics": {"challenger": {"wape": 0.353, "coverage": float("nan")}, "seasonal_naive_7": {"wape": 0.62}},
        "peak_mebibytes": 1364,
        "released": release or (released() if registers else Released.none(f"no image was built: {decision}")),
        **changes,
    }
    return Outcome(**members)


def run(run_id: str, name: str) -> Run:
    return Run(
        run_id=run_id,
        workspace="/w",
        experiment="demand",
        parent="",
        root=RUN,
        kind=RunKind.PIPELINE if run_id == RUN else RunKind.STEP,
        name=name,
        status=Status.COMPLETED,
        created=STARTED / 1000,
        started=STARTED / 1000 + 9,
        ended=STARTED / 1000 + 30.5,
    )
