"""The scored row to explain: what production answers now, or an answer that someone kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from contracts.errors import FourPartError
from contracts.images import DIGEST
from rollout.service import AnswerError, Service

IDENTITY = ("model", "model_version", "data_version", "digest", "unique_id")


class RowMissingError(FourPartError):
    """There is no such row to explain."""


class AnswerRefusedError(FourPartError):
    """A text that is no answer of the scoring service."""


@dataclass(frozen=True, kw_only=True)
class Period:
    """A forecast of one period that starts at `ds` (ISO 8601, UTC): the point and its interval, in units sold."""

    ds: str
    point: float
    lower: float
    upper: float


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the service said of one series, and of itself (docs/contracts.md, 9)."""

    unique_id: str
    model: str
    model_version: str
    data_version: str
    digest: str
    periods: tuple[Period, ...]

    @classmethod
    def asked(cls, service: Service, store: str, item: str) -> Self:
        """The answer of a running service.

        Raises:
            RowMissingError: when the service does not answer, or has no forecasts of the series.
        """
        try:
            told = service.forecast(store, item).expect(200).json()
        except AnswerError as error:
            raise RowMissingError(
                "Production gives no forecast of this series.",
                given=f"store {store!r}, item {item!r} at {service.url}: {error}",
                allowed="a series with published forecasts, of a service that this machine can reach",
                remedy="See `make status`; from outside of a private network name a kept answer instead: ANSWER=FILE.",
            ) from error
        return cls.of(told)

    @classmethod
    def kept(cls, text: str) -> Self:
        """An answer to `/forecast/STORE/ITEM`, or a line of the scoring log, as JSON.

        Raises:
            AnswerRefusedError: when it is neither.
        """
        try:
            return cls.of(json.loads(text))
        except ValueError as error:
            raise _refused(text) from error

    @classmethod
    def of(cls, told: Any) -> Self:
        """Read an answer's fields.

        Raises:
            AnswerRefusedError: when one is missing or of another form.
        """
        try:
            periods = tuple(Period(**cell) for cell in told["forecast"])
            identity = {name: told[name] for name in IDENTITY}
        except (KeyError, TypeError) as error:
            raise _refused(json.dumps(told)) from error
        if not periods or not all(isinstance(value, str) for value in identity.values()) or not _named(identity):
            raise _refused(json.dumps(told))
        return cls(**identity, periods=periods)

    def at(self, ds: str) -> Self:
        """The same with the one period that starts at `ds`, a date or a time in UTC.

        Raises:
            RowMissingError: when it is not among the periods.
        """
        whole = ds if "T" in ds else f"{ds}T00:00:00"
        found = tuple(period for period in self.periods if period.ds.removesuffix("Z") == whole.removesuffix("Z"))
        if found:
            return replace(self, periods=found)
        raise RowMissingError(
            "The answer has no such period.",
            given=ds,
            allowed=f"a period from {self.periods[0].ds} to {self.periods[-1].ds}",
            remedy="Name one of these (DS=YYYY-MM-DD), or none for all of them.",
        )


def _named(identity: Mapping[str, str]) -> bool:
    """Whether digest and data version are names of an image and of a table's version."""
    table, _, version = identity["data_version"].rpartition("@")
    return bool(DIGEST.fullmatch(identity["digest"]) and table and version.isascii() and version.isdigit())


def _refused(text: str) -> AnswerRefusedError:
    return AnswerRefusedError(
        "This is no answer of the scoring service.",
        given=text[:200] or "nothing",
        allowed=f"a JSON object with {', '.join(IDENTITY)} and a list `forecast`",
        remedy="Keep what GET /forecast/STORE/ITEM answers, or take one line of the scoring log.",
    )
