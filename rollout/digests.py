"""What a release stack holds: the five configuration keys of docs/contracts.md, 10, and how a release changes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

BLUE, GREEN = "blue", "green"
KEYS = {
    "qa": "qaDigest",
    "blue": "blueDigest",
    "green": "greenDigest",
    "active": "active",
    "handler": "handlerDigest",
}
"""Field by configuration key, which is the name of the stack output too."""


@dataclass(frozen=True, kw_only=True)
class Digests:
    """Digests in QA, in both slots and of the handler, empty where nothing runs; `active` is the slot that production calls."""

    qa: str = ""
    blue: str = ""
    green: str = ""
    active: str = ""
    handler: str = ""

    @classmethod
    def of(cls, outputs: Mapping[str, Any]) -> Self:
        """Read the outputs of a stack; one that was never applied holds nothing."""
        return cls(**{field: str(outputs.get(key, "")) for field, key in KEYS.items()})

    def config(self) -> dict[str, str]:
        """All five keys."""
        return {KEYS[field]: value for field, value in asdict(self).items()}

    def digest(self, slot: str) -> str:
        """What a slot holds; nothing for no slot."""
        return {BLUE: self.blue, GREEN: self.green}.get(slot, "")

    @property
    def idle(self) -> str:
        """The slot that production does not call."""
        return GREEN if self.active == BLUE else BLUE

    @property
    def live(self) -> str:
        """The digest that production serves."""
        return self.digest(self.active)

    @property
    def settled(self) -> bool:
        """Whether nothing is left of a release under way."""
        return not self.qa and not self.digest(self.idle)

    def in_qa(self, digest: str) -> Self:
        """The same with a digest in QA."""
        return replace(self, qa=digest)

    def in_idle_slot(self, digest: str) -> Self:
        """The same with a digest in the slot that production does not call."""
        return replace(self, **{self.idle: digest})

    def switched(self) -> Self:
        """The same with production calling the other slot."""
        return replace(self, active=self.idle)

    def settle(self) -> Self:
        """Production as it is, and nothing else but the handler."""
        return type(self)(active=self.active, handler=self.handler, **({self.active: self.live} if self.active else {}))

    def before(self, digest: str, champion: Callable[[str], bool]) -> Self:
        """What a release of this digest returns to: what production served before any release that did not end.

        A digest that went live without becoming champion does not count, while the other slot still holds the champion's.
        """
        other = self.digest(self.idle)
        overtaken = bool(self.live and other) and not champion(self.live) and champion(other)
        if self.live != digest and not overtaken:
            return self.settle()
        return replace(self, active=self.idle if other else "").settle()
