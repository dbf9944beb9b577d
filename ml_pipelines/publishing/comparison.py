"""What changed between two published pipelines, line by line, read from the workspace and not from this work tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from azure.ai.ml.entities import Component

from ml_pipelines.graph import NAME as PIPELINE
from ml_pipelines.publishing.catalogue import Catalogue
from ml_pipelines.publishing.environment import NAME as ENVIRONMENT

OWN_TO_A_VERSION = frozenset({"$schema", "id", "version", "code", "environment", "component", "creation_context", "tags"})
"""Keys that differ with each version; what they stand for is compared by itself."""

type Leaf = str | int | float | bool | None


def published(catalogue: Catalogue, version: str) -> dict[str, Any]:
    """The documents behind one version of the pipeline: graph, components by step, environment; empty when it is not there."""
    pipeline = catalogue.component(PIPELINE, version)
    if pipeline is None:
        return {}
    graph = _document(pipeline)
    components = {name: _component(catalogue, node["component"]) for name, node in graph["jobs"].items()}
    one: Mapping[str, Any] = next(iter(components.values()), {})
    environment = _environment(catalogue, str(one.get("environment", "")))
    return {"graph": graph, **components, "environment": environment, "sources": one.get("tags", {}).get("sources")}


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """One line for each value that is not the same: its path, what it was, what it is."""
    old, new = dict(_leaves(before)), dict(_leaves(now))
    return [f"{path}: {old.get(path)!r} -> {new.get(path)!r}" for path in sorted(old | new) if old.get(path) != new.get(path)]


def _component(catalogue: Catalogue, reference: Any) -> dict[str, Any]:
    found = catalogue.component(*_name_and_version(str(reference)))
    return _document(found) if found else {}


def _environment(catalogue: Catalogue, reference: str) -> dict[str, Any]:
    found = catalogue.environment(*_name_and_version(reference)) if ENVIRONMENT in reference else None
    if found is None:
        return {}
    conda: Any = found.conda_file or {}
    listed = conda.get("dependencies", [])
    pins = [pin for entry in listed if isinstance(entry, dict) for pin in entry.get("pip", [])]
    plain = [str(entry) for entry in listed if not isinstance(entry, dict)]
    named = {pin.partition("==")[0]: pin.partition("==")[2] for pin in pins}
    return {"image": str(found.image), "conda": plain, "packages": named}


def _document(component: Component) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(str(component))
    return document | {"tags": dict(component.tags or {})}


def _name_and_version(reference: str) -> tuple[str, str]:
    """Both forms of a reference: `azureml:NAME:VERSION` and `.../NAME/versions/VERSION`."""
    if "/" in reference:
        parts = reference.split("/")
        return parts[-3], parts[-1]
    _, name, version = reference.split(":")
    return name, version


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Leaf]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if path == "" or name not in OWN_TO_A_VERSION:
                yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{index}]")
    else:
        yield path, value
