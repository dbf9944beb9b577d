"""The gate's decision and its form in `decision.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from contracts.errors import FourPartError

type Outcome = Literal["promote", "refresh", "keep", "no_change", "insufficient_data"]
OUTCOMES: tuple[str, ...] = get_args(Outcome.__value__)
REGISTERED: tuple[Outcome, ...] = ("promote", "refresh")
"""The decisions that make a new version of the model; the others leave the registry as it is."""
SUMMARY_LENGTH = 250


class DecisionRefusedError(FourPartError):
    """A decision file that does not keep the contract."""


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One rule: whether it held, the value measured (None where there is none), its bound, and both in words."""

    rule: str
    held: bool
    value: float | None
    bound: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What becomes of the challenger, why, and every figure that was measured on the way (None: not a finite number)."""

    decision: Outcome
    reasons: tuple[Reason, ...]
    figures: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def registers(self) -> bool:
        """Whether the challenger becomes a version of the registered model."""
        return self.decision in REGISTERED

    @property
    def summary(self) -> str:
        """The reasons that decided, weightiest first, in one line short enough for a tag."""
        broken = [reason.text for reason in self.reasons if not reason.held]
        text = "; ".join(broken or [reason.text for reason in self.reasons])
        return text if len(text) <= SUMMARY_LENGTH else text[: SUMMARY_LENGTH - 1] + "…"

    def json(self) -> dict[str, Any]:
        """The content of `decision.json`; holds no NaN and no infinity."""
        return {
            "decision": self.decision,
            "reasons": [asdict(reason) for reason in self.reasons],
            "figures": dict(self.figures),
        }

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Decision:
        """Read the content of `decision.json`; members outside the contract are dropped.

        Raises:
            DecisionRefusedError: when the decision is unknown, a part is missing or a part has another type.
        """
        if body.get("decision") not in OUTCOMES:
            raise _refused("The decision is none that the gate takes.", body.get("decision"), ", ".join(OUTCOMES))
        reasons, figures = body.get("reasons"), body.get("figures")
        if not isinstance(reasons, list) or not isinstance(figures, dict) or not reasons:
            raise _refused(
                "The decision lacks its reasons or its figures.",
                sorted(body),
                "reasons: a list with one entry or more; figures: an object",
            )
        for name, value in figures.items():
            if not _is_number(value):
                raise _refused("A figure of the decision is not a number.", f"{name}: {value!r}", "a number or null")
        return cls(decision=body["decision"], reasons=tuple(_reason(reason) for reason in reasons), figures=dict(figures))


def _reason(body: Any) -> Reason:
    if (
        isinstance(body, dict)
        and all(isinstance(body.get(name), str) for name in ("rule", "bound", "text"))
        and isinstance(body.get("held"), bool)
        and "value" in body
        and _is_number(body["value"])
    ):
        return Reason(**{name: body[name] for name in ("rule", "held", "value", "bound", "text")})
    raise _refused(
        "A reason of the decision does not keep the contract.",
        body,
        "rule, bound, text: text; held: true or false; value: a number or null",
    )


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _refused(happened: str, given: object, allowed: str) -> DecisionRefusedError:
    return DecisionRefusedError(
        happened, given=given, allowed=allowed, remedy="Run the step `compare` again; it writes decision.json."
    )
