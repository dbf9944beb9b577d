"""Reading the inputs of a resource, of which a preview may not know all and a program may have mistyped any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def read(properties: Mapping[str, object], path: str) -> object:
    """Return the value at a dotted path of camelCase names; None where it, or what should hold it, is absent.

    Raises:
        UnknownValueError: the value, or an object on the way to it, is known only after an update.
    """
    node: object = properties
    for name in path.split("."):
        if not isinstance(node, Mapping):
            return None
        node = node.get(name)
    return node


def is_list(value: object) -> bool:
    """Tell whether the value is a list; the engine hands over proxies, which are sequences but no `list`."""
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))
