"""The form of every error a person reads: what happened, the value given, what is allowed, what to do."""

from __future__ import annotations


class FourPartError(Exception):
    """Root of the errors shown to people; packages subclass it, one class per kind of fault."""

    def __init__(self, happened: str, *, given: object, allowed: str, remedy: str) -> None:
        self.happened = happened
        self.given = str(given)
        self.allowed = allowed
        self.remedy = remedy
        super().__init__(f"{happened}\n  given:   {self.given}\n  allowed: {allowed}\n  do:      {remedy}")

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the four parts when the error crosses a process border."""
        return _rebuild, (type(self), self.happened, self.given, self.allowed, self.remedy)


def _rebuild(kind: type[FourPartError], happened: str, given: str, allowed: str, remedy: str) -> FourPartError:
    return kind(happened, given=given, allowed=allowed, remedy=remedy)
