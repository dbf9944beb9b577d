"""Faults of events: settings that a person must mend, and why an event can't be taken, acted on or published."""

from __future__ import annotations

from contracts.errors import FourPartError


class SettingError(FourPartError):
    """An environment variable or a command-line argument that can't be used."""


class StateHeldError(FourPartError):
    """Another handler works on the same state directory."""


class RedriveRefusedError(FourPartError):
    """An effect that can't be driven again."""


class PublishError(Exception):
    """The bus did not acknowledge an event; the message is the broker's or the client's."""


class MalformedError(Exception):
    """A record that is no CloudEvents 1.0 JSON event; the message says why."""


class RefusedError(Exception):
    """A well-formed event that no honest sender of this platform would send; the message says why."""


class PoisonError(Exception):
    """An action that will fail however often it is tried."""


class RetryableError(Exception):
    """An action that may succeed later; `after` is the least wait in seconds that the target asked for."""

    def __init__(self, message: str, *, after: float = 0.0) -> None:
        self.after = after
        super().__init__(message)
