"""Writes the tables that pages take from code: `python -m docs.tables`; a test compares them.

A table stands between `<!-- table: NAME -->` and `<!-- end -->`; all else in a page is written by hand.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import yaml

from contracts.events import HUB_OF, AzureEvent, Hub, OwnEvent
from docs.drawings import drawing
from events.data_routes import Lake, data_committed, dataset_failed
from events.release_routes import Releases, image_pushed
from events.routes import Route
from events.training_routes import Workspace, features_registered, training_completed, training_failed
from infra.alarms import CLUSTER, LOGS, METRICS
from infra.endpoints import TABLE as ENDPOINTS
from infra.logs import TABLE as LOG_SOURCES
from infra.roles import TABLE as ROLES
from infra.subnets import TABLE as SUBNETS, addressed
from infra.subscriptions import TABLE as SUBSCRIPTIONS

FOLDER = Path(__file__).parent
GRAPHS = FOLDER.parent / "tests" / "infra" / "golden"
PLACE = re.compile(r"<!-- table: ([a-z]+) -->\n.*?<!-- end -->", re.DOTALL)


NARROWED = ", containers of the workspace alone"
WITHOUT_TYPES: Mapping[Hub, str] = {
    Hub.DEAD_LETTER: "what the handler gave up on, as it came, with the reason in a header",
    Hub.SALES_STREAM: "nothing yet",
}


def hubs() -> str:
    """Hubs, with the types that come through them."""
    through: dict[Hub, list[str]] = {hub: [] for hub in Hub}
    for row in SUBSCRIPTIONS:
        through[row.hub] += [_short(kind) for kind in row.types]
    for kind, hub in HUB_OF.items():
        through[hub].append(kind)
    return _table(
        ("hub", "what comes through it"), ((f"`{hub}`", ", ".join(kinds) or WITHOUT_TYPES[hub]) for hub, kinds in through.items())
    )


def subscriptions() -> str:
    """Event subscriptions of Event Grid, with their filters."""
    return _table(
        ("subscription", "source", "types", "filter", "hub"),
        (
            (
                f"`{row.name}`",
                row.source.split(".")[-1],
                ", ".join(_short(kind) for kind in row.types),
                _filter(row),
                f"`{row.hub}`",
            )
            for row in SUBSCRIPTIONS
        ),
    )


def routes() -> str:
    """Routes of the handler, in the words of their own docstrings."""
    return _table(
        ("route", "hub", "type", "what it does"),
        (
            (f"`{route.name}`", f"`{route.hub}`", ", ".join(sorted(_short(kind) for kind in route.types)), told)
            for route, told in _routes()
        ),
    )


def roles() -> str:
    """Role assignments of the platform."""
    return _table(
        ("who", "role", "on", "why"),
        ((row.principal, row.role, f"`{row.scope}`{NARROWED if row.condition else ''}", row.why) for row in ROLES),
    )


def components() -> str:
    """Components of the platform program and what they declare."""
    public, private = (_declared(stack) for stack in ("dev", "prod"))
    rows = sorted((name, kinds) for name, kinds in (public | private).items() if name != "stack")
    return _table(
        ("component", "what it is", "resources", "only in `prod`"),
        (
            (f"`{name}`", _about(name), _counted(public.get(name, Counter())), _counted(kinds - public.get(name, Counter())))
            for name, kinds in rows
        ),
    )


def subnets() -> str:
    """Subnets of the virtual network, with their place in the address space of `dev`."""
    stack = yaml.safe_load((FOLDER.parent / "Pulumi.dev.yaml").read_text())["config"]
    ranges = addressed(stack["mlops-forecasting:addressSpace"])
    return _table(
        ("subnet", "in dev", "what lives there", "handed over to"),
        ((f"`{row.subnet.full_name}`", ranges[row.subnet], row.lives, row.delegated or "") for row in SUBNETS),
    )


def endpoints() -> str:
    """Private endpoints with the zones that name them."""
    return _table(
        ("endpoint", "leads to", "sub-resource", "DNS zones"),
        ((f"`{row.name}`", f"`{row.part}`", row.group, ", ".join(f"`{zone}`" for zone in row.zones)) for row in ENDPOINTS),
    )


def alarms() -> str:
    """Alarms, with what they mean."""
    measured = [(alarm.name, f"{alarm.metric} of `{alarm.part}`", str(alarm.severity), alarm.means) for alarm in METRICS]
    told = [(alarm.name, f"`{alarm.query}`", str(alarm.severity), alarm.means) for alarm in LOGS]
    scraped = [(alarm.name, f"`{alarm.expression}`", str(alarm.severity), alarm.means) for alarm in CLUSTER]
    return _table(
        ("alarm", "watches", "severity", "means"), ((f"`{name}`", *rest) for name, *rest in (*measured, *told, *scraped))
    )


def logs() -> str:
    """Diagnostic settings: what writes which logs."""
    return _table(
        ("part", "logs"),
        (
            (f"`{row.part}`", ", ".join((*row.groups, *row.categories)) + (" of blobs" if row.below else ""))
            for row in LOG_SOURCES
        ),
    )


TABLES: Mapping[str, Callable[[], str]] = {
    made.__name__: made for made in (hubs, subscriptions, routes, roles, components, subnets, endpoints, alarms, logs)
} | {f"drawing{stack}": partial(drawing, GRAPHS / f"{stack}.json") for stack in ("dev", "prod")}


def refreshed(text: str) -> str:
    """A page's text with its tables made anew."""
    return PLACE.sub(lambda place: f"<!-- table: {place[1]} -->\n{TABLES[place[1]]()}\n<!-- end -->", text)


def _routes() -> Iterable[tuple[Route, str]]:
    # Routes are only described here: what their actions would call is never reached.
    target, workspace = cast("Any", None), Workspace(arm_id="", attempts=1)
    releases = Releases(registry_id="", images=target, models=target, releaser=target)
    made: tuple[tuple[Callable[..., Route], tuple[Any, ...]], ...] = (
        (data_committed, (Lake(bronze_url=""), target)),
        (dataset_failed, ()),
        (features_registered, (target,)),
        (training_completed, (workspace,)),
        (training_failed, (workspace,)),
        (image_pushed, (releases,)),
    )
    return ((maker(*arguments), (maker.__doc__ or "").splitlines()[0]) for maker, arguments in made)


def _short(kind: AzureEvent | OwnEvent | str) -> str:
    return (
        str(kind)
        .removeprefix("Microsoft.Storage.")
        .removeprefix("Microsoft.ContainerRegistry.")
        .removeprefix("Microsoft.MachineLearningServices.")
    )


def _filter(row: Any) -> str:
    told = [f"subject begins with `{row.begins_with}`"] if row.begins_with else []
    told += [f"ends with `{row.ends_with}`"] if row.ends_with else []
    told += [f"{name} holds {_either(values)}" for name, values in row.contains]
    told += [f"{name} is {_either(values)}" for name, values in row.within]
    return "; ".join(told)


def _either(values: Iterable[str]) -> str:
    return " or ".join(f"`{value}`" for value in values)


def _declared(stack: str) -> dict[str, Counter[str]]:
    """Kinds of a stack's graph, counted by component."""
    declared: dict[str, Counter[str]] = {}
    for resource in json.loads((GRAPHS / f"{stack}.json").read_text()):
        if resource["type"].startswith("azure-native:"):
            declared.setdefault(resource["parent"], Counter())[resource["type"].split(":")[-1]] += 1
    return declared


def _about(name: str) -> str:
    return (import_module(f"infra.components.{name.replace('-', '_')}").__doc__ or "").strip().splitlines()[0].rstrip(".")


def _counted(kinds: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" if count > 1 else kind for kind, count in sorted(kinds.items()))


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *(list(row) for row in rows)]
    return "\n".join(f"| {' | '.join(str(cell).replace('|', r'\|') for cell in line)} |" for line in lines)


if __name__ == "__main__":
    for page in sorted(FOLDER.glob("*.md")):
        page.write_text(refreshed(page.read_text()))
