"""What a release came to, as its journal's result tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from contracts.errors import FourPartError

type Decision = Literal["released", "unchanged", "rejected", "none"]
DECISIONS: tuple[str, ...] = get_args(Decision.__value__)


class ResultRefusedError(FourPartError):
    """A release whose result does not keep the contract."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One acceptance test against a running image."""

    name: str
    ok: bool
    detail: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Released:
    """An image's way to production; `none` when there was no image to release.

    `digest` and `reference` name the image, `slot` and `url` where production answers now (empty when nowhere), by the name
    `hostname` and with `certificate` (PEM); `seconds` are from the push of the image to the end of the release.
    """

    decision: Decision
    reason: str = ""
    digest: str = ""
    reference: str = ""
    model: str = ""
    version: str = ""
    slot: str = ""
    url: str = ""
    hostname: str = ""
    certificate: str = ""
    qa: tuple[Check, ...] = ()
    production: tuple[Check, ...] = ()
    seconds: float = 0.0

    @classmethod
    def none(cls, reason: str = "") -> Released:
        """Nothing to release, and why."""
        return cls(decision="none", reason=reason)

    @classmethod
    def of(cls, result: Mapping[str, Any], *, reference: str = "", seconds: float = 0.0) -> Released:
        """Read the result that `rollout` writes.

        Raises:
            ResultRefusedError: when its decision is unknown.
        """
        if result.get("decision") not in DECISIONS:
            raise ResultRefusedError(
                "The release says no decision that is known.",
                given=repr(result.get("decision")),
                allowed=", ".join(DECISIONS),
                remedy="Read the log of the release run; its journal says how far it came.",
            )
        qa, production = result.get("qa") or {}, result.get("production") or {}
        return cls(
            decision=result["decision"],
            reason=str(result.get("reason") or ""),
            digest=str(result.get("digest") or ""),
            reference=reference,
            model=str(result.get("model") or ""),
            version=str(result.get("version") or ""),
            slot=str(production.get("slot") or ""),
            url=str(production.get("url") or ""),
            hostname=str(production.get("hostname") or ""),
            certificate=str(production.get("certificate") or ""),
            qa=_checks(qa.get("checks") or ()),
            production=_checks(production.get("checks") or ()),
            seconds=seconds,
        )

    @property
    def live(self) -> bool:
        """Whether this very image answers in production."""
        return self.decision in {"released", "unchanged"} and bool(self.url)


def _checks(told: Sequence[Mapping[str, Any]]) -> tuple[Check, ...]:
    return tuple(
        Check(
            name=str(check["name"]),
            ok=bool(check["ok"]),
            detail=str(check.get("detail") or ""),
            seconds=float(check.get("seconds") or 0.0),
        )
        for check in told
    )
