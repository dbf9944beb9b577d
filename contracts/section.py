"""Reads values of the stack file and refuses bad ones by key, value and what is allowed."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence

from contracts.errors import FourPartError


class SettingRefusedError(FourPartError):
    """A value of Pulumi.<stack>.yaml that the program cannot use."""


class Section:
    """A mapping of the stack file, read key by key; `close` refuses the keys that nobody read."""

    def __init__(self, prefix: str, values: object) -> None:
        self._prefix = prefix
        self._read: set[str] = set()
        if not isinstance(values, Mapping):
            raise _refused(prefix.rstrip(":."), values, "a mapping of keys to values")
        self._values: dict[str, object] = {str(key): value for key, value in values.items()}

    def text(self, key: str, pattern: str, allowed: str) -> str:
        """Text that matches the whole pattern."""
        value = self._get(key, allowed)
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise self._refused(key, value, allowed)
        return value

    def choice(self, key: str, options: Sequence[str]) -> str:
        """One of the options, spelled exactly so."""
        return self.text(key, "|".join(map(re.escape, options)), f"one of {', '.join(options)}")

    def whole(self, key: str, low: int, high: int) -> int:
        """A whole number from low to high."""
        allowed = f"a whole number from {low} to {high}"
        value = self._get(key, allowed)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self._refused(key, value, allowed)
        return value

    def number(self, key: str, low: float, high: float) -> float:
        """A number from low to high."""
        allowed = f"a number from {low:g} to {high:g}"
        value = self._get(key, allowed)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise self._refused(key, value, allowed)
        return float(value)

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self._get(key, "true or false")
        if not isinstance(value, bool):
            raise self._refused(key, value, "true or false")
        return value

    def texts(self, key: str, options: Sequence[str]) -> tuple[str, ...]:
        """A list of different options."""
        allowed = f"a list of different ones of {', '.join(options)}"
        values = self._list(key, allowed)
        if len(set(values)) < len(values) or not set(values) <= set(options):
            raise self._refused(key, list(values), allowed)
        return values

    def mails(self, key: str) -> tuple[str, ...]:
        """At least one mail address."""
        allowed = "a list of one mail address or more"
        values = self._list(key, allowed)
        if not values or not all(re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value) for value in values):
            raise self._refused(key, list(values), allowed)
        return values

    def addresses(self, key: str) -> tuple[str, ...]:
        """Public IPv4 addresses or ranges, in the form that every firewall of the platform takes.

        Storage takes no /31 and /32 ranges and no private addresses ("Configure Azure Storage firewalls", learn.microsoft.com).
        """
        allowed = "a list of public IPv4 addresses a.b.c.d or ranges a.b.c.d/8 to /30"
        values = self._list(key, allowed)
        for value in values:
            if not _is_public(value):
                raise self._refused(key, value, allowed)
        return values

    def private_range(self, key: str, inside: str, widest: int, narrowest: int) -> str:
        """A range of private addresses with a prefix from `widest` to `narrowest` bits."""
        allowed = f"a range in {inside} from /{widest} to /{narrowest}, such as 10.40.0.0/{narrowest}"
        value = self._get(key, allowed)
        found = _network(value) if isinstance(value, str) else None
        if found is None or not found.subnet_of(ipaddress.IPv4Network(inside)) or not widest <= found.prefixlen <= narrowest:
            raise self._refused(key, value, allowed)
        return str(found)

    def without(self, key: str, allowed: str) -> None:
        """Refuse a key that would say nothing."""
        if key in self._values:
            raise self._refused(key, self._values[key], allowed)

    def section(self, key: str) -> Section:
        """The mapping below a key; where there is none, an empty one, whose first key is then missed."""
        self._read.add(key)
        return Section(f"{self._prefix}{key}.", self._values.get(key, {}))

    def close(self) -> None:
        """Refuse keys that no reader asked for, since a mistyped key would otherwise say nothing."""
        for key in sorted(set(self._values) - self._read):
            raise self._refused(key, self._values[key], f"the keys {', '.join(sorted(self._read))}")

    def _get(self, key: str, allowed: str) -> object:
        self._read.add(key)
        if key not in self._values:
            raise self._refused(key, "nothing", allowed)
        return self._values[key]

    def _list(self, key: str, allowed: str) -> tuple[str, ...]:
        value = self._get(key, allowed)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._refused(key, value, allowed)
        return tuple(str(item) for item in value)

    def _refused(self, key: str, value: object, allowed: str) -> SettingRefusedError:
        return _refused(f"{self._prefix}{key}", value, allowed)


def _refused(key: str, value: object, allowed: str) -> SettingRefusedError:
    return SettingRefusedError(
        f"The setting `{key}` is not usable.",
        given=value,
        allowed=allowed,
        remedy=f"Change `{key}` in Pulumi.<stack>.yaml.",
    )


def _network(text: str) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(text)
    except ValueError:
        return None


def _is_public(text: str) -> bool:
    network, single = _network(text), "/" not in text
    return network is not None and network.is_global and (single or 8 <= network.prefixlen <= 30)  # noqa: PLR2004 - the widths named in `addresses`
