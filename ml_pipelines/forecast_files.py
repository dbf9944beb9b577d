"""Published forecasts: one artefact for each model version and data version, found by a pointer, checked by its hashes.

Below the root: `<model>/<version>/<data version>/{forecasts.npz,manifest.json}` and `<model>/<version>/current.json`, which
names the manifest to use and its SHA-256. The pointer is written last, so what it names is whole.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import obstore
from numpy.typing import NDArray
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from contracts.errors import FourPartError
from contracts.events import DataVersion

FILE, MANIFEST, POINTER = "forecasts.npz", "manifest.json", "current.json"


class ForecastsMissingError(FourPartError):
    """No forecasts where they were looked for."""


class ForecastsDamagedError(FourPartError):
    """Files that are not what was published."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Whose forecasts, from which data."""

    model: str
    version: str
    data_version: DataVersion

    @property
    def root(self) -> str:
        """Folder of the model version."""
        return f"{self.model}/{self.version}"

    @property
    def folder(self) -> str:
        """Folder of the artefact."""
        return f"{self.root}/{self.data_version}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Forecasts:
    """Forecasts of n series for h periods: `unique_ids` (n,), `ds` (h,) in UTC, the others (n, h) in units sold."""

    unique_ids: NDArray[np.str_]
    ds: NDArray[np.datetime64]
    point: NDArray[np.float32]
    lower: NDArray[np.float32]
    upper: NDArray[np.float32]

    def content(self) -> bytes:
        """The arrays as one file; the same arrays give the same bytes."""
        out = io.BytesIO()
        np.savez(out, **{name: getattr(self, name) for name in self.__dataclass_fields__})
        return out.getvalue()

    @classmethod
    def of(cls, content: bytes) -> Forecasts:
        """Read `content` back; pickled objects are refused."""
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return cls(**{name: arrays[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True, kw_only=True)
class Pointer:
    """The content of `current.json`: the manifest in use, its SHA-256, and the data version it speaks of."""

    manifest: str
    sha256: str
    data_version: str


@dataclass(frozen=True, kw_only=True)
class Published:
    """Where forecasts are; `current` is false when the pointer already names forecasts from later data."""

    folder: str
    sha256: str
    bytes: int
    current: bool


def publish(url: str, place: Place, forecasts: Forecasts, facts: Mapping[str, Any]) -> Published:
    """Write the artefact, then move the pointer to it, unless the pointer names later data; `facts` go into the manifest.

    `url` is the root of the container (`abfss://`) or a plain path.
    """
    store, content = _open(url), forecasts.content()
    manifest = _manifest(place, content, facts)
    obstore.put(store, f"{place.folder}/{FILE}", content)
    obstore.put(store, f"{place.folder}/{MANIFEST}", manifest)
    pointer = Pointer(
        manifest=f"{place.folder}/{MANIFEST}", sha256=hashlib.sha256(manifest).hexdigest(), data_version=str(place.data_version)
    )
    moved = not _overtaken(store, place)
    if moved:
        obstore.put(store, f"{place.root}/{POINTER}", _json(asdict(pointer)))
    digest = hashlib.sha256(content).hexdigest()
    return Published(folder=place.folder, sha256=digest, bytes=len(content), current=moved)


def pointed(url: str, model: str, version: str) -> Pointer:
    """The pointer of a model version.

    Raises:
        ForecastsMissingError: when there is none.
    """
    return Pointer(**json.loads(_get(_open(url), f"{model}/{version}/{POINTER}")))


def current(url: str, model: str, version: str) -> tuple[Forecasts, dict[str, Any]]:
    """The forecasts that the pointer names, with their manifest, both checked by hash.

    Raises:
        ForecastsMissingError: when there is no pointer, or a file that it leads to is gone.
        ForecastsDamagedError: when a file is not the one that was published, or is of another model version.
    """
    store, pointer = _open(url), pointed(url, model, version)
    told = _checked(pointer.manifest, _get(store, pointer.manifest), pointer.sha256)
    manifest: dict[str, Any] = json.loads(told)
    if (manifest["model"], manifest["version"]) != (model, version):
        raise _damaged(pointer.manifest, f"forecasts of {manifest['model']} version {manifest['version']}")
    name = f"{pointer.manifest.rpartition('/')[0]}/{FILE}"
    return Forecasts.of(_checked(name, _get(store, name), manifest["files"][FILE]["sha256"])), manifest


def _open(url: str) -> ObjectStore:
    return from_url(url) if "://" in url else LocalStore(Path(url), mkdir=True)


def _manifest(place: Place, content: bytes, facts: Mapping[str, Any]) -> bytes:
    whose = {"model": place.model, "version": place.version, "data_version": str(place.data_version)}
    files = {FILE: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}}
    return _json({**facts, **whose, "files": files})


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, sort_keys=True, indent=2, allow_nan=False) + "\n").encode()


def _overtaken(store: ObjectStore, place: Place) -> bool:
    try:
        found = Pointer(**json.loads(obstore.get(store, f"{place.root}/{POINTER}").bytes().to_bytes()))
    except (FileNotFoundError, NotFoundError):
        return False
    named = DataVersion.parse(found.data_version)
    return named.table == place.data_version.table and named.version > place.data_version.version


def _get(store: ObjectStore, name: str) -> bytes:
    try:
        return obstore.get(store, name).bytes().to_bytes()
    except (FileNotFoundError, NotFoundError) as error:
        raise ForecastsMissingError(
            "There are no published forecasts.",
            given=name,
            allowed=f"<model>/<version>/{POINTER}, and the files that it leads to",
            remedy="Run the training pipeline; its step `package` writes them.",
        ) from error


def _checked(name: str, content: bytes, expected: str) -> bytes:
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise _damaged(name, f"SHA-256 {found}")
    return content


def _damaged(name: str, given: str) -> ForecastsDamagedError:
    return ForecastsDamagedError(
        "Published forecasts are not what was written.",
        given=f"{name}: {given}",
        allowed="the model version and the hashes that the pointer and the manifest name",
        remedy="Keep the pointer where it is, and run the training pipeline again.",
    )
