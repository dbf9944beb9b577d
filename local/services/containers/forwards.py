"""Services of the cluster: TCP on an address of their own, passed on to ready pods that the selector chooses."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.services.cloud import Cloud
from local.services.containers.addresses import service_address
from local.services.containers.models import SERVICE, Pods

POLL_SECONDS = 0.1
CHUNK = 65_536


@dataclass(frozen=True)
class Door:
    """One port of a Service, and the port of the pods behind it."""

    namespace: str
    name: str
    address: str
    port: int
    target: int


class Forwards:
    """Keeps a listener for each port of each Service; who is behind it is asked anew for every connection."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud, self._pods = cloud, Pods(cloud.store)
        self._servers: dict[Door, asyncio.Server] = {}
        self._turn = itertools.count()

    async def run(self) -> None:
        """Follow the resources until cancelled."""
        try:
            while True:
                await self._step()
                await asyncio.sleep(POLL_SECONDS)
        finally:
            for server in self._servers.values():
                server.close()

    async def _step(self) -> None:
        doors = await asyncio.to_thread(lambda: set(self._doors()))
        for door in self._servers.keys() - doors:
            self._servers.pop(door).close()
        for door in doors - self._servers.keys():
            with contextlib.suppress(OSError):  # taken for a moment by a door that closes; the next step tries again
                self._servers[door] = await asyncio.start_server(self._answer(door), door.address, door.port)

    def _doors(self) -> list[Door]:
        return [door for service in self._cloud.resources.of_type(SERVICE) for door in self._of(service.properties)]

    def _of(self, properties: Mapping[str, Any]) -> list[Door]:
        spec, metadata = properties["spec"], properties["metadata"]
        namespace, name = str(metadata.get("namespace") or "default"), str(metadata["name"])
        if spec.get("clusterIP") == "None" or not spec.get("selector"):
            return []
        where = service_address(self._cloud.endpoints, namespace, name)
        ports = [(int(item["port"]), int(item.get("targetPort") or item["port"])) for item in spec.get("ports") or []]
        return [Door(namespace, name, where, port, target) for port, target in ports]

    def _answer(self, door: Door) -> Any:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            where = await asyncio.to_thread(self._backend, door)
            try:
                if where is not None:
                    behind = await asyncio.open_connection(where, door.target)
                    await asyncio.gather(_pipe(reader, behind[1]), _pipe(behind[0], writer))
            except OSError:
                pass  # the pod went away; the caller sees a closed connection, as from a load balancer
            finally:
                writer.close()

        return connected

    def _backend(self, door: Door) -> str | None:
        """The address of a ready pod, in turn; None when there is none."""
        services = self._cloud.resources.of_type(SERVICE)
        own = next((item.properties for item in services if _is(item.properties["metadata"], door)), None)
        selector = (own["spec"].get("selector") or {}) if own else {}
        ready = [
            pod.address
            for pod in self._pods.all()
            if pod.ready and pod.namespace == door.namespace and selector and selector.items() <= pod.labels.items()
        ]
        return ready[next(self._turn) % len(ready)] if ready else None


def _is(metadata: Mapping[str, Any], door: Door) -> bool:
    return (str(metadata.get("namespace") or "default"), metadata["name"]) == (door.namespace, door.name)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes on until one side ends."""
    try:
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
    except OSError:
        pass
    finally:
        with contextlib.suppress(OSError):
            writer.close()
