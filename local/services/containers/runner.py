"""One pod's life: pull, start, probe, restart, end; a thread of its own."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from local.environment import client_environment
from local.environments.environments import EnvironmentFailedError
from local.services.cloud import Cloud
from local.services.containers.accounts import identity_of
from local.services.containers.addresses import address, group_address
from local.services.containers.models import Pod, Pods, Wanted
from local.services.containers.mounts import MountError, Mounts
from local.services.containers.templates import Probe
from local.services.identity.models import KUBELET
from local.services.registry.pulled import ImagePullError, Pulled, pull

BASE = ("HOME", "LANG")
LONGEST_BACKOFF = 20.0
POLL_SECONDS = 0.05
_ACCOUNT = re.compile(r"abfss?://[^@/]+@([^./]+)\.")


class Runner:
    """Keeps one pod running until it is told to end."""

    def __init__(self, cloud: Cloud, wanted: Wanted) -> None:
        self.wanted = wanted
        self._cloud, self._pods = cloud, Pods(cloud.store)
        self._ending, self._hurried = threading.Event(), threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._mounts = Mounts(cloud, wanted, self._folder)
        where = group_address(cloud.endpoints, wanted.group) if wanted.group else self._pod_address()
        self.pod = Pod(
            name=wanted.name,
            owner=wanted.owner,
            namespace=wanted.namespace,
            labels=wanted.labels,
            template=wanted.template.key,
            image=wanted.template.image,
            address=where,
            ready=False,
            restarts=0,
            pid=None,
            born=None,
            reason="ContainerCreating",
            message="",
        )
        self._pods.put(self.pod)
        self._thread = threading.Thread(target=self._live, name=wanted.name, daemon=True)
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether the pod has ended and is gone from the table."""
        return not self._thread.is_alive()

    def end(self, *, hurry: bool = False) -> None:
        """Ask the pod to end: not ready from now on, its preStop sleep, SIGTERM, SIGKILL after its grace.

        `hurry` leaves the sleep out, as a node that is switched off does.
        """
        if hurry:
            self._hurried.set()
        self._ending.set()

    def join(self) -> None:
        """Wait for the end."""
        self._thread.join()

    def _pod_address(self) -> str:
        return address(self._cloud.endpoints, f"pod/{self.wanted.namespace}/{self.wanted.name}")

    def _tell(self, **changes: Any) -> None:
        changed = replace(self.pod, **changes)
        if changed != self.pod:
            self.pod = changed
            self._pods.put(changed)

    def _live(self) -> None:
        failures = 0
        try:
            while not self._ending.is_set():
                began = time.monotonic()
                self._once()
                if self._ending.is_set() or not self.wanted.template.restarts:
                    break
                failures = failures + 1 if time.monotonic() - began < LONGEST_BACKOFF else 1
                self._ending.wait(min(LONGEST_BACKOFF, 0.5 * 2 ** min(failures, 8)))
        finally:
            self._stop()
            self._mounts.clear()
            self._pods.delete(self.pod.name)

    def _once(self) -> None:
        """Mount, pull and run the container until it ends, fails its probes, or the pod is to end."""
        try:
            self._mounts.mount()
            pulled = self._pulled()
        except MountError as error:
            self._tell(ready=False, reason="FailedMount", message=str(error)[:1000])
            return
        except (ImagePullError, EnvironmentFailedError) as error:
            again = self.pod.reason in {"ErrImagePull", "ImagePullBackOff"}
            self._tell(ready=False, reason="ImagePullBackOff" if again else "ErrImagePull", message=str(error)[:1000])
            return
        if self._ending.is_set():
            return
        variables = self._variables(pulled)
        self._start(pulled, variables)
        try:
            self._watch(pulled, variables)
        finally:
            self._stop()

    def _pulled(self) -> Pulled:
        # A container group pulls by its own identity, a pod's image is pulled by the node.
        return pull(
            self._cloud,
            self.wanted.template.image,
            identity_of(self._cloud.resources, self.wanted) if self.wanted.group else KUBELET,
        )

    def _variables(self, pulled: Pulled) -> dict[str, str]:
        """The container's whole environment; what the host sets wins."""
        own = {str(item["name"]): self._value(item) for item in self.wanted.template.env}
        for path, name in self.wanted.template.mounts:
            folder = str(self._folder(name))
            own = {key: folder + value.removeprefix(path) if value.startswith(path) else value for key, value in own.items()}
        lake = own.get("LAKE_ID", "").rpartition("/")[2]
        named = sorted({found[1] for value in own.values() if (found := _ACCOUNT.match(value))})
        account = lake or (named[0] if len(named) == 1 else "")
        base = {name: os.environ[name] for name in BASE if name in os.environ}
        host = {"HOST": self.pod.address, "HOSTNAME": self.wanted.name, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
        temporary = {"TMPDIR": str(self._folder("tmp"))}
        client = client_environment(self._cloud, identity_of(self._cloud.resources, self.wanted), account)
        return {**base, **temporary, **pulled.environment, **own, **host, **client}

    def _value(self, item: object) -> str:
        assert isinstance(item, dict)  # noqa: S101 - checked by the provider
        field = ((item.get("valueFrom") or {}).get("fieldRef") or {}).get("fieldPath")
        fields = {
            "metadata.name": self.wanted.name,
            "metadata.namespace": self.wanted.namespace,
            "status.podIP": self.pod.address,
        }
        return fields[field] if field else str(item.get("value") or "")

    def _folder(self, volume: str) -> Path:
        """A volume's folder: durable for a claim, else the pod's own."""
        root = self._cloud.state / "containers"
        if volume in self.wanted.claims:
            folder = root / "disks" / self.wanted.namespace / f"{volume}-{self.wanted.name}"
        else:
            folder = root / "empty" / self.wanted.name / volume
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _start(self, pulled: Pulled, variables: dict[str, str]) -> None:
        log = self._cloud.logs / "pods" / f"{self.wanted.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        argv = [*(self.wanted.template.argv or pulled.argv)]
        with log.open("ab") as output:
            self._child = subprocess.Popen(
                argv,
                env=variables,
                cwd=pulled.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        born = psutil.Process(self._child.pid).create_time()
        self._tell(pid=self._child.pid, born=born, reason="Running", message="")

    def _watch(self, pulled: Pulled, variables: dict[str, str]) -> None:
        template, failed = self.wanted.template, {"startup": 0, "liveness": 0, "readiness": 0}
        started, due = template.startup is None, dict.fromkeys(failed, time.monotonic())
        while not self._ending.is_set():
            if self._ended():
                return
            self._mounts.follow()
            now = time.monotonic()
            for name, probe in (
                ("startup", template.startup),
                ("readiness", template.readiness),
                ("liveness", template.liveness),
            ):
                if probe is None or now < due[name] or (name == "startup") == started:
                    continue
                due[name] = now + (min(probe.period, 0.3) if not self.pod.ready and name != "liveness" else probe.period)
                good = self._passes(probe, pulled, variables)
                failed[name] = 0 if good else failed[name] + 1
                if name == "startup" and good:
                    started = True
                elif name == "readiness":
                    self._tell(ready=good or (self.pod.ready and failed[name] < probe.failures))
                elif not good and failed[name] >= self._most(probe, name):
                    self._tell(ready=False, reason=f"{name.capitalize()}ProbeFailed", restarts=self.pod.restarts + 1)
                    return
            if started and template.readiness is None:
                self._tell(ready=True)
            self._ending.wait(POLL_SECONDS)

    def _most(self, probe: Probe, name: str) -> float:
        """Startup is tried more often here than asked, so that nobody waits; the time it may take stays the same."""
        return probe.failures * max(1.0, probe.period / 0.3) if name == "startup" else probe.failures

    def _ended(self) -> bool:
        child = self._child
        if child is None or child.poll() is None:
            return False
        reason = "CrashLoopBackOff" if self.wanted.template.restarts else "Error"
        self._tell(
            ready=False,
            pid=None,
            reason=reason,
            restarts=self.pod.restarts + 1,
            message=f"exit code {child.returncode}; {self._tail()}",
        )
        return True

    def _tail(self) -> str:
        log = self._cloud.logs / "pods" / f"{self.wanted.name}.log"
        return " | ".join(log.read_text(errors="replace").strip().splitlines()[-6:])[-900:]

    def _passes(self, probe: Probe, pulled: Pulled, variables: dict[str, str]) -> bool:
        if probe.command:
            return self._runs(probe, pulled, variables)
        if not probe.path:
            with contextlib.suppress(OSError), socket.create_connection((self.pod.address, probe.port), probe.timeout):
                return True
            return False
        if probe.secure:
            connection = http.client.HTTPSConnection(self.pod.address, probe.port, timeout=probe.timeout, context=_unverified())
        else:
            connection = http.client.HTTPConnection(self.pod.address, probe.port, timeout=probe.timeout)
        try:
            connection.request("GET", probe.path)
            return 200 <= connection.getresponse().status < 400  # noqa: PLR2004 - what a kubelet takes for success
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _runs(self, probe: Probe, pulled: Pulled, variables: dict[str, str]) -> bool:
        command = [pulled.argv[0] if probe.command[0] == "python" else probe.command[0], *probe.command[1:]]
        try:
            done = subprocess.run(
                command, env=variables, cwd=pulled.folder, timeout=probe.timeout, capture_output=True, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is None or child.poll() is not None:
            return
        self._tell(ready=False, reason="Terminating" if self._ending.is_set() else self.pod.reason)
        self._hurried.wait(self.wanted.template.drain)
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(self.wanted.template.grace)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _unverified() -> ssl.SSLContext:
    """A kubelet's probe takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
