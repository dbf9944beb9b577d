"""Reading the inputs of a resource, of which a preview may not know all and a program may have mistyped any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from pulumi_policy.proxy import UnknownValueError

Properties = Mapping[str, object]
ITEMS, ANY_ITEMS = "[]", "[?]"
"""Either ends the name of a list in a path: what follows is asked of each of its items. With the first there must be some."""


@dataclass(frozen=True)
class Place:
    """Where a path led: the place by name, and the value there (None: absent), or why it can't be known yet."""

    where: str
    value: object
    unknown: UnknownValueError | None = None


def read(node: object, path: str) -> object:
    """Return the value at a dotted path of camelCase names; None where it, or what should hold it, is absent.

    Raises:
        UnknownValueError: the value, or an object on the way to it, is known only after an update.
    """
    for name in path.split("."):
        if not isinstance(node, Mapping):
            return None
        node = node.get(name)
    return node


def places(node: object, path: str, at: str = "") -> list[Place]:
    """Return every place that a path leads to: one, or one for each item of the lists on the way.

    An absent or empty list is one absent value, unless it ends in `[?]`; an empty path is the node itself.
    """
    if not path:
        return [Place(at, node)]
    head, _, rest = path.partition(".")
    name = head.removesuffix(ITEMS).removesuffix(ANY_ITEMS)
    where = f"{at}.{name}" if at else name
    try:
        value = node.get(name) if isinstance(node, Mapping) else None
    except UnknownValueError as error:
        return [Place(where, None, error)]
    if head == name:
        return places(value, rest, where)
    if not is_list(value) or not value:
        return [] if head.endswith(ANY_ITEMS) else [Place(where, None)]
    return [place for index in range(len(value)) for place in _item(value, index, rest, where)]


def _item(items: Sequence[object], index: int, rest: str, where: str) -> list[Place]:
    try:
        item = items[index]
    except UnknownValueError as error:
        return [Place(f"{where}[{index}]", None, error)]
    return places(item, rest, f"{where}[{index}]")


def is_list(value: object) -> TypeGuard[Sequence[object]]:
    """Tell whether the value is a list; the engine hands over proxies, which are sequences but no `list`."""
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def texts(value: object) -> list[str]:
    """Return the strings of a list, or the string itself; what can't be known yet, or is no text, is left out."""
    if isinstance(value, str):
        return [value]
    found = places({"it": value}, f"it{ITEMS}") if is_list(value) else []
    return [place.value for place in found if isinstance(place.value, str)]
