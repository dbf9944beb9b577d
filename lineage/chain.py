"""The chain from a scored row to the files behind it: each link found by what the one before names, and held against it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from contracts.errors import FourPartError
from contracts.events import DataVersion
from contracts.images import Built
from lineage.answer import Answer
from lineage.lake import Arrival, Preparation
from lineage.link import Link
from ml_pipelines.registry import Tag, Version
from rollout.digests import BLUE, GREEN
from rollout.engine import Standing

DATA = "data_version"
"""Tag of a model version: the features that it was fitted on."""


class Models(Protocol):
    """The model registry and its runs; `rollout.models.Models` is one."""

    def numbered(self, model: str, number: str) -> Version:
        """The version of this number."""
        ...

    def run_tags(self, version: Version) -> Mapping[str, str]:
        """Tags of the run that holds a version's files."""
        ...


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Whom the chain asks: what stands on the release stack, what is in an image, the models, silver and bronze by version."""

    standing: Standing
    built: Callable[[str], Built]
    models: Models
    prepared: Callable[[DataVersion], Preparation]
    arrived: Callable[[DataVersion], Arrival]


def chain(answer: Answer, sources: Sources) -> Iterator[Link]:
    """All links of an answer; after a broken one go on those that can still be found."""
    yield _deployment(answer, sources.standing)
    built, link = _image(answer, sources)
    yield link
    version, link = _model(answer, sources.models)
    yield link
    if version is not None:
        yield _run(version, built, sources.models)
        yield from _data("fitted on", version.tags.get(DATA, ""), sources, version.tags.get(Tag.CONTENT_HASH, ""))
    if version is None or version.tags.get(DATA) != answer.data_version:
        yield from _data("forecast from", answer.data_version, sources)


def _deployment(answer: Answer, standing: Standing) -> Link:
    digests = standing.digests
    slot = next((slot for slot in (BLUE, GREEN) if digests.digest(slot) == answer.digest), "")
    if not slot:
        return Link(what="deployment", identity="none any more", detail=f"production now serves {digests.live or 'nothing'}")
    live = slot == digests.active
    url = standing.urls["production_url" if live else f"{slot}_url"]
    return Link(what="deployment", identity=f"slot {slot}", detail=f"{'live' if live else 'idle'} at {url}")


def _image(answer: Answer, sources: Sources) -> tuple[Built | None, Link]:
    link = Link(what="image", identity=answer.digest)
    try:
        built = sources.built(answer.digest)
    except FourPartError as error:
        return None, replace(link, broken=_told(error))
    link = replace(link, detail=f"code {built.revision[:16]}")
    if (built.model, built.model_version) != (answer.model, answer.model_version):
        link = replace(link, broken=f"its labels name {built.model} {built.model_version}")
    return built, link


def _model(answer: Answer, models: Models) -> tuple[Version | None, Link]:
    link = Link(what="model", identity=f"{answer.model} {answer.model_version}")
    try:
        version = models.numbered(answer.model, answer.model_version)
    except FourPartError as error:
        return None, replace(link, broken=_told(error))
    return version, replace(link, detail=_of_model(version.tags))


def _of_model(tags: Mapping[str, str]) -> str:
    told = [tags.get(name, "") for name in ("role", "rung", "decision")]
    if "metric.wape" in tags:
        told.append(f"WAPE {float(tags['metric.wape']):.1%}")
    return ", ".join(filter(None, told))


def _run(version: Version, built: Built | None, models: Models) -> Link:
    link = Link(what="training run", identity=version.run_id)
    try:
        tags = models.run_tags(version)
    except FourPartError as error:
        return replace(link, broken=_told(error))
    detail = f"attempt {tags['attempt']} for {tags.get('effect_key', '')}" if "attempt" in tags else "started by hand"
    link = replace(link, detail=detail, event=tags.get("causationid", ""))
    same = built is None or built.run == version.run_id
    return link if same else replace(link, broken=f"the image names run {built.run}")


def _data(what: str, version: str, sources: Sources, learned: str = "") -> Iterator[Link]:
    """A version of the features, the bronze version it was made from, and the file that came last; `learned` is a model's content hash."""
    link = Link(what=what, identity=version)
    try:
        found = sources.prepared(DataVersion.parse(version))
    except ValueError:
        yield replace(link, broken="it is no version of a table")
        return
    except FourPartError as error:
        yield replace(link, broken=_told(error))
        return
    link = replace(link, detail=f"{found.rows:,} rows, content {found.content_hash[:16]}", event=found.event)
    same = learned in {"", found.content_hash}
    yield link if same else replace(link, broken=f"the model learned from content {learned[:16]}")
    yield from _arrival(found.source, sources)


def _arrival(version: DataVersion, sources: Sources) -> Iterator[Link]:
    link = Link(what="made from", identity=str(version), detail="with all that arrived before")
    try:
        found = sources.arrived(version)
    except FourPartError as error:
        yield replace(link, broken=_told(error))
        return
    yield replace(link, event=found.event)
    yield Link(what="file", identity=found.file, detail=f"{int(found.rows or 0):,} rows, sha256 {found.sha256}")


def _told(error: FourPartError) -> str:
    return f"{error.happened.rstrip('.')}: {' '.join(error.given.split())}"
