"""Turns each resource's properties into Python values once, where the SDK does so again for each of the pack's policies.

With 180 policies and as many resources these conversions were most of the pack's work (`make bench ONLY=policy`). The SDK makes
new objects of the values for each policy, so none sees what another does to them.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import json_format
from google.protobuf.message import Message
from pulumi_policy import policy as sdk


class OncePerMessage:
    """Answers as `google.protobuf.json_format` does, by heart for a message that was asked before."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Message, dict[str, Any]]] = {}

    def MessageToDict(self, message: Message) -> dict[str, Any]:  # noqa: N802 - the name that the SDK calls
        """Values of a message; it is kept, so that no other one gets its identity."""
        if id(message) not in self._known:
            self._known[id(message)] = (message, json_format.MessageToDict(message))
        return self._known[id(message)][1]


def convert_once() -> None:
    """Let the SDK in this process, which lives as long as one preview, convert by heart."""
    sdk.json_format = OncePerMessage()  # pyrefly: ignore[bad-assignment] - it stands for a module
