"""What an update would do to a resource: nothing, a change in place, or a replacement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.provider.kinds import Kind
from local.provider.kinds.kind import at
from local.provider.locations import plain
from local.provider.wire import holds_unknown


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Changed top-level inputs, those among them that replace the resource, and whether the old one has to go first."""

    changed: frozenset[str]
    replacing: frozenset[str]
    delete_first: bool


def difference(kind: Kind, olds: Mapping[str, Any], news: Mapping[str, Any]) -> Difference:
    """Compare old and new inputs."""
    changed = frozenset(name for name in {*olds, *news} if not _same(name, olds.get(name), news.get(name)))
    paths = (
        "resourceGroupName",
        "location",
        *([kind.extension] if kind.extension else []),
        *(name for name in kind.names if not name.startswith("<")),
        *kind.replace,
    )
    replacing = frozenset(path.partition(".")[0] for path in paths if not _same(path, at(olds, path), at(news, path)))
    return Difference(
        changed=changed, replacing=replacing & changed, delete_first=bool(replacing) and _keeps_id(kind, olds, news)
    )


def _keeps_id(kind: Kind, olds: Mapping[str, Any], news: Mapping[str, Any]) -> bool:
    names = {name: at(news, name) for name in ("resourceGroupName", kind.extension or "scope", *kind.names)}
    return not holds_unknown(names) and kind.id_of(olds).lower() == kind.id_of(news).lower()


def _same(path: str, old: Any, new: Any) -> bool:
    """Azure writes regions both ways: `West Europe` is `westeurope`."""
    if path == "location" and isinstance(old, str) and isinstance(new, str):
        return plain(old) == plain(new)
    return old == new
