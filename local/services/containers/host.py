"""Brings the pods that run in step with those that should: rolling for deployments, one at a time for stateful sets."""

from __future__ import annotations

import os
import signal
import threading

import psutil

from local.services.cloud import Cloud
from local.services.containers.models import DEPLOYMENT, Pod, Pods, Wanted, wanted
from local.services.containers.runner import Runner

POLL_SECONDS = 0.1
SAME_START_SECONDS = 2.0


class Host:
    """One thread that decides; each pod has its own."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud, self._pods = cloud, Pods(cloud.store)
        self._runners: dict[str, Runner] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="kubelet", daemon=True)

    def start(self) -> None:
        """End what a killed predecessor left, then begin."""
        for pod in self._pods.all():
            _kill(pod)
            self._pods.delete(pod.name)
        self._thread.start()

    def stop(self) -> None:
        """End all pods; the next start brings them back, as a node's does."""
        self._stopping.set()
        self._thread.join()
        for runner in self._runners.values():
            runner.end(hurry=True)
        for runner in self._runners.values():
            runner.join()

    def _loop(self) -> None:
        try:
            while not self._stopping.is_set():
                self._step()
                self._stopping.wait(POLL_SECONDS)
        finally:
            if not self._stopping.is_set():
                # An unforeseen error must not leave a service that answers and runs nothing.
                os.kill(os.getpid(), signal.SIGTERM)

    def _step(self) -> None:
        should = {item.name: item for item in wanted(self._cloud.resources)}
        for name, runner in list(self._runners.items()):
            if runner.over:
                del self._runners[name]
            elif self._may_end(runner, should):
                runner.end()
        for name, item in should.items():
            if name not in self._runners:
                self._runners[name] = Runner(self._cloud, item)

    def _may_end(self, runner: Runner, should: dict[str, Wanted]) -> bool:
        """Whether a pod is wanted no more, and, of a deployment that goes on, its successors are ready."""
        own = runner.wanted
        same = should.get(own.name)
        if same is not None:
            return same.template.key != own.template.key or same.owner != own.owner
        successors = [item.name for item in should.values() if item.owner == own.owner and own.kind == DEPLOYMENT]
        return all(name in self._runners and self._runners[name].pod.ready for name in successors)


def _kill(pod: Pod) -> None:
    """Kill a process that is still the one that the pod was, with its group."""
    if pod.pid is None or pod.born is None:
        return
    try:
        process = psutil.Process(pod.pid)
        if abs(process.create_time() - pod.born) <= SAME_START_SECONDS:
            os.killpg(pod.pid, signal.SIGKILL)
            psutil.wait_procs([process], timeout=10)
    except (psutil.NoSuchProcess, ProcessLookupError):
        return
