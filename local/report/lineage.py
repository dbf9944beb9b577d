"""From the file to the deployment: each link with its identity, as the objects themselves tell it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lineage.lake import Arrival
from lineage.link import Link
from local.services.cloud import Cloud
from local.services.machine_learning.mlflow.models import Registry


def links(run: Mapping[str, Any], arrived: Arrival, role: str) -> tuple[Link, ...]:
    """The chain of one run; `arrived` is what the commit says of the file, `role` the model version's tag."""
    steps = {step["name"]: step for step in run["steps"]}
    data, model, release = run["data"], run["model"], run["release"]

    def event(name: str) -> str:
        return str(steps[name]["event"] or "")

    found = [
        Link(what="file", identity=arrived.file, detail=f"sha256 {arrived.sha256}"),
        Link(what="bronze", identity=data["version"], detail=f"{arrived.rows} rows in one commit", event=event("commit")),
        Link(what="silver", identity=data["silver"], detail=f"content {data['content_hash'][:16]}", event=event("silver")),
        Link(what="features", identity=data["features"], event=event("features")),
        Link(what="training run", identity=run["training"]["run"], detail=run["decision"]["decision"], event=event("training")),
    ]
    if model["version"]:
        found.append(Link(what="model", identity=f"{model['name']} {model['version']}", detail=role, event=event("model")))
    if release["digest"]:
        found.append(
            Link(what="image", identity=release["digest"], detail=release["reference"].partition("@")[0], event=event("image"))
        )
    if release["url"]:
        found.append(Link(what="deployment", identity=f"slot {release['slot']}", detail=release["url"], event=event("released")))
    return tuple(found)


def role_of(cloud: Cloud, workspace: str, run: Mapping[str, Any]) -> str:
    """The tag `role` that the model version has now."""
    model = run["model"]
    tags = Registry(cloud.store).tags(workspace, model["name"], int(model["version"])) if model["version"] else {}
    return tags.get("role", "")
