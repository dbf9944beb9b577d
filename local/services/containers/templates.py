"""What runs in a pod or a group, in one form: image, command, variables, probes, mounts; what is not emulated is named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.services.containers.secret_classes import DRIVER

PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
CONTAINER = frozenset(
    {
        "name",
        "image",
        "imagePullPolicy",
        "command",
        "args",
        "ports",
        "env",
        "environmentVariables",
        "resources",
        "securityContext",
        "volumeMounts",
        "lifecycle",
        *PROBES,
    }
)
"""Members of a container that are carried out, or (resources, security context) recorded alone."""
POD = frozenset(
    {
        "containers",
        "serviceAccountName",
        "automountServiceAccountToken",
        "enableServiceLinks",
        "securityContext",
        "terminationGracePeriodSeconds",
        "topologySpreadConstraints",
        "volumes",
        "restartPolicy",
        "nodeSelector",
        "tolerations",
    }
)
FIELDS = ("metadata.name", "metadata.namespace", "status.podIP")


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One probe: an HTTP path (`secure`: by TLS), a TCP port or a command, how often it is tried (seconds) and may fail."""

    path: str = ""
    port: int = 0
    secure: bool = False
    command: tuple[str, ...] = ()
    period: float = 10.0
    timeout: float = 1.0
    failures: int = 3
    delay: float = 0.0

    @classmethod
    def of(cls, told: Mapping[str, Any] | None) -> Probe | None:
        """Read a probe of either API; None when there is none."""
        if not told:
            return None
        http, tcp = told.get("httpGet") or {}, told.get("tcpSocket") or {}
        return cls(
            path=str(http.get("path") or ""),
            port=int(http.get("port") or tcp.get("port") or 0),
            # Kubernetes writes it in capitals, Container Instances does not.
            secure=str(http.get("scheme") or "").upper() == "HTTPS",
            command=tuple((told.get("exec") or {}).get("command") or ()),
            period=float(told.get("periodSeconds") or 10),
            timeout=float(told.get("timeoutSeconds") or 1),
            failures=int(told.get("failureThreshold") or 3),
            delay=float(told.get("initialDelaySeconds") or 0),
        )


@dataclass(frozen=True, kw_only=True)
class Template:
    """One container and its pod: `mounts` volumes by path, `secrets` classes by volume; another `key` for every other one."""

    image: str
    argv: tuple[str, ...]
    env: tuple[Mapping[str, Any], ...]
    startup: Probe | None
    readiness: Probe | None
    liveness: Probe | None
    mounts: tuple[tuple[str, str], ...]
    secrets: tuple[tuple[str, str], ...]
    account: str
    grace: float
    drain: float
    restarts: bool
    key: str


def of_pod(spec: Mapping[str, Any]) -> Template:
    """The template of a Kubernetes pod spec with one container."""
    container = spec["containers"][0]
    mounts = tuple((str(mount["mountPath"]), str(mount["name"])) for mount in container.get("volumeMounts") or [])
    claimed = [(str(item["name"]), item.get("csi") or {}) for item in spec.get("volumes") or []]
    return Template(
        image=str(container["image"]),
        argv=(*(container.get("command") or ()), *(container.get("args") or ())),
        env=tuple(container.get("env") or ()),
        startup=Probe.of(container.get("startupProbe")),
        readiness=Probe.of(container.get("readinessProbe")),
        liveness=Probe.of(container.get("livenessProbe")),
        mounts=mounts,
        secrets=tuple((name, str(csi["volumeAttributes"]["secretProviderClass"])) for name, csi in claimed if csi),
        account=str(spec.get("serviceAccountName") or "default"),
        grace=float(spec.get("terminationGracePeriodSeconds") or 30),
        drain=float((_before_stop(container).get("sleep") or {}).get("seconds") or 0),
        restarts=str(spec.get("restartPolicy") or "Always") == "Always",
        key=hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:10],
    )


def of_group(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The pod spec that says the same as a container group's properties."""
    given = properties["containers"][0]
    kept = {name: given[name] for name in ("name", "image", "command", "ports", "resources", *PROBES) if given.get(name)}
    variables = [{"name": item["name"], "value": item.get("value", "")} for item in given.get("environmentVariables") or []]
    rest = {name: value for name, value in given.items() if name not in {*kept, "environmentVariables"}}
    policy = properties.get("restartPolicy") or "Always"
    containers = [{**kept, **rest, "env": variables}, *properties["containers"][1:]]
    return {"spec": {"containers": containers, "restartPolicy": policy, "terminationGracePeriodSeconds": 30}}


def refused(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Paths and reasons of what a pod on this machine can't hold."""
    containers = spec.get("containers") or []
    if len(containers) != 1:
        yield "containers", "one container in a pod is emulated on this machine."
    for name in spec.keys() - POD:
        yield name, f"'{name}' is not emulated on this machine."
    for container in containers[:1]:
        for name in container.keys() - CONTAINER:
            yield f"containers[0].{name}", f"'{name}' is not emulated on this machine."
        yield from _variables(container)
        if (container.get("lifecycle") or {}).keys() - {"preStop"} or _before_stop(container).keys() - {"sleep"}:
            yield "containers[0].lifecycle", "preStop with sleep is emulated on this machine."
        for name in PROBES:
            probe = container.get(name) or {}
            if probe and not any(probe.get(kind) for kind in ("httpGet", "tcpSocket", "exec")):
                yield f"containers[0].{name}", "a probe by httpGet, tcpSocket or exec is emulated on this machine."
    for volume in spec.get("volumes") or []:
        if "emptyDir" not in volume and not _of_driver(volume.get("csi") or {}):
            yield "volumes", f"a volume of the kind emptyDir, or csi of the driver {DRIVER}, is emulated on this machine."


def _of_driver(csi: Mapping[str, Any]) -> bool:
    """Whether a volume is one that the driver fills, read-only and by a class alone."""
    alone = csi.keys() == {"driver", "readOnly", "volumeAttributes"} and csi["volumeAttributes"].keys() == {"secretProviderClass"}
    return alone and csi["driver"] == DRIVER and csi["readOnly"] is True


def _before_stop(container: Mapping[str, Any]) -> Mapping[str, Any]:
    return (container.get("lifecycle") or {}).get("preStop") or {}


def _variables(container: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for item in container.get("env") or []:
        source = item.get("valueFrom") if isinstance(item, Mapping) else None
        if source and ((source.get("fieldRef") or {}).get("fieldPath") not in FIELDS):
            yield f"env.{item.get('name')}", f"a variable from one of {', '.join(FIELDS)} is emulated on this machine."
