"""Which role assignments a loop has needed: those without which a request that was answered would have been refused."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from contracts.events import Hub
from infra.roles import SEND, TABLE, Assignment, Place, Principal
from local.authorize import ASSIGNMENT, gives
from local.services.cloud import Cloud
from local.tokens import DEPLOYER
from tests.access import accessed


def needed(cloud: Cloud, ended: float) -> dict[Assignment, str]:
    """The first request before `ended` (seconds since 1970) that each row of the table alone has allowed, in one line."""
    held = cloud.resources.of_type(ASSIGNMENT)
    rows = rows_by_name(cloud)
    stops: dict[Assignment, str] = {}
    for line in _asked(cloud, ended):
        givers = [one for one in held if gives(one, line["object_id"], line["action"], line["scope"])]
        if len(givers) == 1:
            stops.setdefault(rows[givers[0].name], f"{line['method']} {line['path'].rpartition('/')[2]} at {line['service']}")
    return stops


def refused(cloud: Cloud, ended: float) -> list[str]:
    """Requests before `ended` that no assignment has allowed."""
    lines = [line for line in _before(cloud, ended) if line["authorized"] is False]
    return [f"{line['principal']} {line['method']} {line['path']}" for line in lines]


def _asked(cloud: Cloud, ended: float) -> Iterator[dict[str, Any]]:
    for line in _before(cloud, ended):
        if line["authorized"] and line["principal"] != DEPLOYER:
            yield line


def _before(cloud: Cloud, ended: float) -> Iterator[dict[str, Any]]:
    return (line for line in accessed(cloud) if line["time"] < ended)


def rows_by_name(cloud: Cloud) -> dict[str, Assignment]:
    """Rows of the table by the names of their assignments, which `infra.components.grants` makes of both."""
    group = cloud.resources.of_type(ASSIGNMENT)[0].properties["scope"].split("/")[4]
    keys = {f"{row.principal}-{row.role.lower().replace(' ', '-')}-{row.scope}": row for row in TABLE}
    return {str(uuid.uuid5(uuid.NAMESPACE_URL, f"{group}|{key}")): row for key, row in keys.items()}


ELSEWHERE: dict[str, set[Assignment]] = {
    "no loop that goes well has dead letters, failed runs or drift; what Event Grid does without its roles: test_event_delivery": {
        row
        for row in TABLE
        if row.principal.endswith("-topic") and row.scope in {Place.DEAD_LETTER, Hub.TRAINING_RUN_FAILED, Hub.DRIFT}
    },
    "no loop that goes well has the handler give up on anything; what it does without its role: test_drills": {
        row for row in TABLE if (row.principal, row.role, row.scope) == (Principal.HANDLER, SEND, Place.BUS)
    },
    "jobs reach the lake as their own identity, without Unity Catalog": {
        row for row in TABLE if row.principal is Principal.ACCESS_CONNECTOR
    },
    "outputs of steps and images of environments lie within the service": {
        row
        for row in TABLE
        if (row.principal is Principal.TRAINING and row.scope == Place.ML_STORAGE) or row.principal is Principal.WORKSPACE
    },
    "what these reach has no data plane here: metrics, subnets": {
        row for row in TABLE if row.scope in {Place.METRICS, Place.NETWORK, Place.CLUSTER_SUBNET}
    },
}
"""Rows that no request of a loop on this machine needs, by the reason."""
