"""A finding: something that would stop the deployment, and how to put it right."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found, the value, what is allowed, and the fix; `check` names who found it."""

    check: str
    happened: str
    given: str
    allowed: str
    fix: str

    def __str__(self) -> str:
        """The four parts as errors show them."""
        return f"{self.happened}\n  given:   {self.given}\n  allowed: {self.allowed}\n  do:      {self.fix}"
