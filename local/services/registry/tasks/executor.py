"""Carries builds out, one after the other, in the process of Resource Manager."""

from __future__ import annotations

import os
import posixpath
import signal
import tarfile
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from local.endpoints import HOST
from local.environments.environments import EnvironmentFailedError, default_cache
from local.services.cloud import Cloud
from local.services.registry.push import PushRefusedError, push
from local.services.registry.tasks.dockerfile import DockerfileError
from local.services.registry.tasks.image import Builder, Image
from local.services.registry.tasks.runs import BuildRun, BuildRuns, Status
from local.tokens import Principal

POLL_SECONDS = 0.1


class BuildFailedError(Exception):
    """A build that can't be carried out; its text is the log's last line."""


class Builds:
    """One worker; a build that a killed process had begun is begun anew."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.runs = BuildRuns(cloud)
        self._stopping, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._loop, name="builds", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """End after the build that runs."""
        self._stopping.set()
        self._wake.set()
        self._thread.join()

    def wake(self) -> None:
        """Look for a queued build now."""
        self._wake.set()

    def _loop(self) -> None:
        try:
            while not self._stopping.is_set():
                self._wake.clear()
                run = self.runs.next()
                if run is None:
                    self._wake.wait(POLL_SECONDS)
                else:
                    self._carry_out(run)
        finally:
            if not self._stopping.is_set():
                # An unforeseen error must not leave a service that answers and builds nothing.
                os.kill(os.getpid(), signal.SIGTERM)

    def _carry_out(self, run: BuildRun) -> None:
        file = self.runs.log(run.run_id)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w", buffering=1) as log:

            def say(line: str) -> None:
                log.write(f"{line}\n")

            try:
                pushed = self._built(run, say)
            except (BuildFailedError, DockerfileError, EnvironmentFailedError, PushRefusedError) as error:
                say(str(error))
                self.runs.end(run.run_id, Status.FAILED, error=str(error).splitlines()[0])
            else:
                say(f"Run ID: {run.run_id} was successful")
                self.runs.end(run.run_id, Status.SUCCEEDED, image=pushed)

    def _built(self, run: BuildRun, say: Callable[[str], None]) -> dict[str, str]:
        repository, tag = _name(run)
        with tempfile.TemporaryDirectory(prefix="context-", dir=self.runs.folder) as folder:
            image = self._image(run, Path(folder), say)
        say(f"Pushing {repository}:{tag}")
        digest = push(self._cloud, image, repository=repository, tag=tag, principal=Principal(**run.principal))
        say(f"{tag}: digest: {digest} size: {len(image.manifest)}")
        login = f"{HOST}:{self._cloud.endpoints.registry}"
        return {"registry": login, "repository": repository, "tag": tag, "digest": digest}

    def _image(self, run: BuildRun, folder: Path, say: Callable[[str], None]) -> Image:
        source = self.runs.source(str(run.request.get("sourceLocation", "")))
        try:
            with tarfile.open(source, "r:gz") as archive:
                archive.extractall(folder, filter="data")
        except (OSError, tarfile.TarError) as error:
            msg = f"failed to download context: {run.request.get('sourceLocation')}: {error}"
            raise BuildFailedError(msg) from error
        dockerfile = folder / posixpath.normpath(str(run.request["dockerFilePath"]))
        if not dockerfile.resolve().is_relative_to(folder.resolve()) or not dockerfile.is_file():
            msg = f"unable to find the Dockerfile {run.request['dockerFilePath']} in the context"
            raise BuildFailedError(msg)
        arguments = {str(item["name"]): str(item["value"]) for item in run.request.get("arguments") or []}
        builder = Builder(context=folder, arguments=arguments, cache=default_cache(), say=say)
        return builder.build(dockerfile.read_text())


def _name(run: BuildRun) -> tuple[str, str]:
    repository, _, tag = str(run.request["imageNames"][0]).rpartition(":")
    return repository, tag
