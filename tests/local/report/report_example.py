"""A report's content with a bit of everything in it, made of fixed numbers."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from lineage.link import Link
from local.flow.released import Released
from local.report.content import Component, Content, Declared, Dot, Series, Span

DIGEST = "sha256:" + "5eba" * 16
COMMIT, DATASET, FEATURES, TRAINED, MODEL, IMAGE = (f"{number}0000000-0000-4000-8000-000000000000" for number in range(1, 7))

RESULT: dict[str, Any] = {
    "digest": DIGEST,
    "model": "demand",
    "version": "1",
    "qa": {
        "url": "http://127.11.0.5:8080",
        "checks": [
            {"name": "ready", "ok": True, "detail": "200 after 3 tries", "seconds": 2.41},
            {"name": "forecast of a series", "ok": True, "detail": "28 periods, as published", "seconds": 0.03},
        ],
    },
    "production": {
        "url": "https://127.12.0.9:8443",
        "slot": "green",
        "hostname": "forecasts.example.com",
        "certificate": "-----BEGIN CERTIFICATE-----\n",
        "checks": [{"name": "digest", "ok": True, "detail": DIGEST[:19], "seconds": 0.01}],
    },
    "champion": "1",
    "retired": None,
    "decision": "released",
    "reason": "",
}


def released() -> Released:
    return Released.of(RESULT, reference=f"127.0.0.1:5000/scoring@{DIGEST}", seconds=21.5)


def run(**changes: Any) -> dict[str, Any]:
    """The content of a run.json, with some members exchanged."""
    return {
        "stack": "dev",
        "command": "make up",
        "began": "2026-11-24T03:52:48+00:00",
        "seconds": {"services": 0.8, "platform": 8.8, "ingest": 1.9, "silver": 9.4, "training": 20.8, "release": 22.0},
        "total_seconds": 63.7,
        "resources": 98,
        "peak_mebibytes": 1364,
        "data": {
            "file": "generated.parquet",
            "version": "bronze/sales@1",
            "silver": "silver/panel@1",
            "features": "silver/features@1",
            "rows": 913000,
            "series": 500,
            "first": "2021-01-01T00:00:00+00:00",
            "last": "2025-12-31T00:00:00+00:00",
            "frequency": "daily",
            "quarantined": {"negative sales": 12, "no date": 3},
            "content_hash": "eedc386d01c7dfad",
        },
        "steps": steps(),
        "training": {
            "run": "10e2294ed254c81ff6be0ad8d0386e07",
            "steps": [
                {"name": "prepare", "status": "Completed", "seconds": 1.2},
                {"name": "train", "status": "Completed", "seconds": 14.5},
            ],
        },
        "model": {"name": "demand", "version": "1", "registered": True, "rung": "lightgbm", "naive": "seasonal_naive_7"},
        "decision": {
            "decision": "promote",
            "reasons": [
                {"rule": "enough_history", "held": True, "value": 1798, "bound": ">= 112", "text": "1,798 periods, 112 asked"},
                {
                    "rule": "bias",
                    "held": False,
                    "value": -0.14,
                    "bound": "-0.1 to 0.1",
                    "text": "forecasts -14.0 % off all sales",
                },
            ],
        },
        "metrics": {
            "challenger": {
                "wape": 0.353,
                "smape": 0.581,
                "mape": 0.521,
                "bias": -0.01,
                "coverage": 0.895,
                "interval_score": 1.31,
            },
            "incumbent": {"wape": 0.361, "smape": 0.59, "mape": 0.53, "bias": 0.004, "coverage": 0.9, "interval_score": 1.34},
            "seasonal_naive_7": {"wape": 0.681, "smape": 0.72, "mape": 1.318, "bias": 0.063},
            "series_median": {"wape": None, "smape": None, "mape": None, "bias": None},
            "conditional mean": {"wape": 0.336, "smape": 0.569, "mape": 0.496, "bias": 0.005},
        },
        "release": json.loads(json.dumps(asdict(released()))),
        **changes,
    }


def steps() -> list[dict[str, Any]]:
    rows = [
        ("file", "generated.parquet", 1.9, 0.0, COMMIT, "data_delivery"),
        ("commit", "bronze/sales@1", 0.0, 0.0, COMMIT, "data_delivery"),
        ("silver", "silver/panel@1", 8.5, 8.5, DATASET, "dataset_registry"),
        ("features", "silver/features@1", 0.0, 8.5, FEATURES, "feature_registry"),
        ("training", "10e2294ed254c81ff6be0ad8d0386e07", 25.3, 33.8, TRAINED, "training_run_completed"),
        ("model", "demand 1", 0.0, 28.0, MODEL, "model_registry"),
        ("image", DIGEST, 0.0, 33.1, IMAGE, "artifact_registry"),
        ("released", "slot green", 21.5, 54.6, IMAGE, "artifact_registry"),
    ]
    names = ("name", "subject", "seconds", "at", "event", "hub")
    return [{"status": "done", "time": "2026-11-24T03:53:00+00:00", **dict(zip(names, row, strict=True))} for row in rows]


def series(why: str, name: str = "1_1", *, level: float = 40.0) -> Series:
    """Four weeks of history, the last two judged, and a week ahead; one sale is unknown."""
    days, known = 35, 28
    sold = [round(level * (1 + 0.4 * math.sin(day * 0.9)), 1) for day in range(known)]
    told = [None if day < 14 else round(level * (1 + 0.35 * math.sin(day * 0.9)), 1) for day in range(days)]
    return Series(
        why=why,
        name=name,
        store=name.partition("_")[0],
        item=name.partition("_")[2],
        error=0.21,
        volume=level,
        dates=tuple(str(date(2025, 12, 4) + timedelta(days=day)) for day in range(days)),
        known=known,
        actual=(*(None if day == 5 else value for day, value in enumerate(sold)), *([None] * (days - known))),
        point=tuple(told),
        lower=tuple(None if value is None else round(value * 0.5, 1) for value in told),
        upper=tuple(None if value is None else round(value * 1.7, 1) for value in told),
    )


def content(**changes: Any) -> Content:
    """The whole example, with some members exchanged."""
    members: dict[str, Any] = {
        "run": run(),
        "made": "2026-11-24T03:54:02+00:00",
        "records": 14,
        "whose": "demand 1",
        "dots": dots(),
        "spans": spans(),
        "series": (
            series("smallest error", "1_1"),
            series("median error", "1_2", level=7.5),
            series("median error", "2_2", level=8.1),
            series("largest error", "2_3", level=0.6),
            series("highest volume", "3_1", level=1200),
            series("lowest volume", "3_3", level=0.2),
        ),
        "by_horizon": {"challenger": (0.3, 0.31, None, 0.36), "seasonal_naive_7": (0.6, 0.7, 0.65, 0.71)},
        "lineage": (
            Link(what="file", identity="generated.parquet", detail="sha256 94173f28f0723a10"),
            Link(what="bronze", identity="bronze/sales@1", detail="913000 rows in one commit", event=COMMIT),
            Link(what="image", identity=DIGEST, detail=f"127.0.0.1:5000/scoring@{DIGEST}", event=IMAGE),
        ),
        "components": components(),
        "silver": SILVER,
        "breakdown": breakdown(),
        "settings": {"platform": {"cluster.tier": {"dev": "Free", "prod": "Standard"}, "owner": {"dev": "", "prod": "team"}}},
        "policies": {
            "rules": {"st-https": "mandatory", "st-tls12": "mandatory", "tags": "advisory"},
            "resources": 117,
            "advisories": [{"resource": "lake", "message": "tags: the resource has no owner"}],
        },
        "cost": COST,
        "lock": "10c4" * 16,
        "commit": "4ebff2a0c1d2e3f4 with changes",
        **changes,
    }
    return Content(**members)


def metered(meter: str, usd: float, when: str, *resources: str) -> dict[str, Any]:
    """A row of the estimate by meter."""
    price = {"unit": "hour", "region": "eastus", "as_of": "2024-07-01"}
    return {"meter": meter, "when": when, "usd": usd, "quantity": usd * 100, **price, "resources": [*resources]}


COST: dict[str, Any] = {
    "stack": "dev",
    "region": "westeurope",
    "usd_a_month": {"idle": 99.28, "training": 1.36, "use": 0.0, "all": 100.64},
    "usd_a_training": 0.0453,
    "budget": 400.0,
    "meters": [
        metered("vm/Standard_D2ds_v5", 99.28, "idle", "cluster", "agents"),
        metered("vm/Standard_D4ds_v5", 1.36, "training", "cpu"),
    ],
    "lines": [],
    "not_priced": [{"resource": "qa", "type": "azure-native:containerinstance:ContainerGroup", "why": "by the second"}],
    "free": {"runs on the cluster's nodes": 3},
    "usage": {},
}

SILVER: dict[str, Any] = {
    "rows_in": 913015,
    "rows_kept": 912000,
    "rows_imputed": 1000,
    "rows_replaced": 1000,
    "rows_out": 913000,
    "season": 7,
    "features": ["lag_1", "lag_7", "mean_28"],
}


def breakdown() -> dict[str, Any]:
    """Errors of ten series in two stores; nothing is known of the last."""
    figures = {"series": 5.0, "sold": 1200.0, "wape": 0.3, "bias": -0.02, "coverage": 0.91, "interval_score": 1.2}
    unknown = dict.fromkeys(("wape", "bias", "coverage", "interval_score"))
    return {
        "series": {f"{number % 2}_{number}": {**figures, "wape": 0.1 + number / 20} for number in range(10)},
        "store": {"1": figures, "2": {**figures, "wape": 0.42}, "3": {**figures, "sold": 0.0, **unknown}},
        "item": {"1": {**figures, "wape": 0.35}},
    }


def components() -> tuple[Component, ...]:
    group = Declared(id="p/group", name="group", kind="ResourceGroup", depth=1)
    lake = Declared(id="p/lake", name="lake", kind="StorageAccount", depth=2, needs=("p/group",))
    blobs = [
        Declared(id=f"p/{name}", name=name, kind="BlobContainer", depth=3, needs=("p/lake",)) for name in ("bronze", "silver")
    ]
    return (
        Component(project="mlops-forecasting", name="(program)", resources=(group,)),
        Component(project="mlops-forecasting", name="lake", resources=(lake, *blobs)),
        Component(project="release", name="slots", resources=(Declared(id="r/blue", name="blue", kind="Deployment", depth=1),)),
    )


def dots() -> tuple[Dot, ...]:
    rows = [
        (COMMIT, "Storage", 0.0, "sales@1", ""),
        (DATASET, "Databricks", 8.5, "silver/panel@1 registered", COMMIT),
        (FEATURES, "Databricks", 8.5, "silver/features@1 registered", COMMIT),
        (MODEL, "Azure ML", 28.0, "demand 1 registered", FEATURES),
        (TRAINED, "Azure ML", 33.8, "pipeline completed", FEATURES),
        (IMAGE, "Container Registry", 33.1, "scoring:1-1 pushed", MODEL),
    ]
    return tuple(
        Dot(id=row[0], lane=row[1], seconds=row[2], name=row[3], detail=f"id {row[0]}", cause=row[4], body={"id": row[0]})
        for row in rows
    )


def spans() -> tuple[Span, ...]:
    return (
        Span(lane="Databricks", name="prepare", start=0.1, end=8.2, state="success", cause=COMMIT),
        Span(lane="Azure ML", name="train", start=10.0, end=24.5, state="completed", cause=FEATURES),
        Span(lane="Azure ML", name="package", start=28.2, end=33.6, state="failed"),
        Span(lane="Release", name="qa-up", start=33.6, end=43.0, state="done", cause=IMAGE),
        Span(lane="Release", name="switch", start=43.0, end=54.6, state="done"),
    )
