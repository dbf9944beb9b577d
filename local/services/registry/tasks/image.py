"""An image made from a Dockerfile and its context: configuration, layers, manifest (OCI image specification 1.1)."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.environments.environments import Environment, build as build_environment
from local.services.registry.models import OCI_MANIFEST
from local.services.registry.tasks.dockerfile import INSTALL, Instruction, parse
from local.services.registry.tasks.layers import REQUIREMENTS, Layer, digest, layer

CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
BASE_NAME = "org.opencontainers.image.base.name"
IGNORED = "the base image is named, not pulled: no byte of it is on this machine"


@dataclass(frozen=True, kw_only=True)
class Image:
    """A whole image in memory: what a push sends."""

    config: bytes
    layers: tuple[Layer, ...]
    base: str

    @property
    def manifest(self) -> bytes:
        """The manifest; the same Dockerfile, context and arguments give the same bytes."""
        told: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"mediaType": CONFIG_TYPE, "digest": digest(self.config), "size": len(self.config)},
            "layers": [item.descriptor for item in self.layers],
            "annotations": {BASE_NAME: self.base},
        }
        return json.dumps(told, sort_keys=True).encode()


@dataclass
class Builder:
    """Carries a Dockerfile out on a context folder; `say` takes one line of the log at a time."""

    context: Path
    arguments: Mapping[str, str]
    cache: Path
    say: Callable[[str], None]
    base: str = ""
    workdir: str = "/"
    values: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    layers: list[Layer] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)

    def build(self, dockerfile: str) -> Image:
        """Carry out all instructions.

        Raises:
            DockerfileError: when one is not built here, or names a file that the context lacks.
            EnvironmentFailedError: when the packages can't be installed.
        """
        steps = parse(dockerfile)
        for number, step in enumerate(steps, 1):
            filled = step.with_values({**self.values, **self._environment()})
            self.say(f"Step {number}/{len(steps)} : {filled.keyword} {filled.text}")
            getattr(self, f"_{filled.keyword.lower()}")(filled)
            self.history.append(
                {"created_by": f"{filled.keyword} {filled.text}", "empty_layer": filled.keyword not in {"COPY", "RUN"}}
            )
        whole = {
            "architecture": "amd64",
            "os": "linux",
            "config": self.config,
            "rootfs": {"type": "layers", "diff_ids": [item.diff_id for item in self.layers]},
            "history": self.history,
        }
        return Image(config=json.dumps(whole, sort_keys=True).encode(), layers=tuple(self.layers), base=self.base)

    def _environment(self) -> dict[str, str]:
        return dict(item.split("=", 1) for item in self.config.get("Env", []))

    def _from(self, step: Instruction) -> None:
        words = step.words()
        if len(words) != 1:
            raise step.refuse("only FROM IMAGE is built here")
        self.base = words[0]
        self.say(f" ---> {self.base}: {IGNORED}")

    def _arg(self, step: Instruction) -> None:
        name, _, default = step.text.partition("=")
        self.values[name] = self.arguments.get(name, default)

    def _label(self, step: Instruction) -> None:
        self.config.setdefault("Labels", {}).update(step.pairs())

    def _env(self, step: Instruction) -> None:
        merged = {**self._environment(), **step.pairs()}
        self.config["Env"] = [f"{name}={value}" for name, value in merged.items()]

    def _workdir(self, step: Instruction) -> None:
        self.workdir = posixpath.normpath(posixpath.join(self.workdir, step.text))
        self.config["WorkingDir"] = self.workdir

    def _copy(self, step: Instruction) -> None:
        *sources, target = step.words()
        if not sources or any(word.startswith("--") for word in sources):
            raise step.refuse("only COPY SOURCE... TARGET is built here")
        copied: dict[str, bytes] = {}
        for source in sources:
            copied |= self._copied(step, source, target, several=len(sources) > 1)
        self.files |= copied
        self.layers.append(layer(copied))

    def _copied(self, step: Instruction, source: str, target: str, *, several: bool) -> dict[str, bytes]:
        found = (self.context / source).resolve()
        if not found.is_relative_to(self.context.resolve()) or not found.exists():
            raise step.refuse(f"{source}: not found in the context")
        root = posixpath.normpath(posixpath.join(self.workdir, target))
        if found.is_dir():
            inside = sorted(file for file in found.rglob("*") if file.is_file())
            return {posixpath.join(root, file.relative_to(found).as_posix()): file.read_bytes() for file in inside}
        folder = several or target.endswith("/") or target in {".", ".."}
        return {posixpath.join(root, found.name) if folder else root: found.read_bytes()}

    def _run(self, step: Instruction) -> None:
        wanted = INSTALL.fullmatch(" ".join(step.text.split()))
        if wanted is None:
            raise step.refuse("only `pip install --no-cache-dir -r FILE` is carried out here")
        path = posixpath.normpath(posixpath.join(self.workdir, wanted["file"]))
        if path not in self.files:
            raise step.refuse(f"{path} was not copied before")
        python = build_environment(Environment(requirements=self.files[path].decode()), self.cache)
        self.say(f" ---> installed in {python.parent.parent.name}")
        self.layers.append(layer({REQUIREMENTS: self.files[path]}))

    def _user(self, step: Instruction) -> None:
        self.config["User"] = step.text

    def _expose(self, step: Instruction) -> None:
        ports: dict[str, dict[str, str]] = {word if "/" in word else f"{word}/tcp": {} for word in step.words()}
        self.config.setdefault("ExposedPorts", {}).update(ports)

    def _cmd(self, step: Instruction) -> None:
        self.config["Cmd"] = step.command()

    def _entrypoint(self, step: Instruction) -> None:
        self.config["Entrypoint"] = step.command()
