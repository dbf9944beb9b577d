"""Loopback addresses of pods, services and groups: each its own, so that everything listens on its real port.

Linux answers on all of 127.0.0.0/8 without set-up; stacks differ by their ports, and so do their addresses.
"""

from __future__ import annotations

import hashlib

from local.endpoints import Endpoints


def address(endpoints: Endpoints, name: str) -> str:
    """The address of a pod, service or group: the same as long as the stack lives."""
    digest = hashlib.sha256(f"{endpoints.containers}/{name.lower()}".encode()).digest()
    return f"127.{16 + digest[0] % 200}.{digest[1]}.{1 + digest[2] % 254}"


def service_address(endpoints: Endpoints, namespace: str, name: str) -> str:
    """Where a Service answers."""
    return address(endpoints, f"service/{namespace}/{name}")


def group_address(endpoints: Endpoints, resource_id: str) -> str:
    """Where a container group answers."""
    return address(endpoints, f"group/{resource_id}")
