"""The way of a scoring image: QA, acceptance, idle slot, checks, switch, checks, champion; or back to what was before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import cached_property

from contracts.errors import FourPartError
from contracts.images import Built
from deployment.pulumi_stack import EngineFailedError
from ml_pipelines.forecast_files import Forecasts
from ml_pipelines.registry import Role, Version
from rollout.acceptance import Expected, accept, failures, reaches
from rollout.digests import Digests
from rollout.engine import Stack, Standing
from rollout.journal import QA, Checked, Decision, Journal, Place, Result
from rollout.models import Models
from rollout.service import Proof, Service


class ProductionDownError(FourPartError):
    """What is recorded as live does not answer as it should."""


class TurnedAwayError(Exception):
    """The image failed; the text says where and how."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Seconds in which a container must be ready, and milliseconds in which it must answer."""

    ready_seconds: float
    answer_millis: float


@dataclass
class ScoringRelease:
    """One image's release; `run` does all of it."""

    digest: str
    stack: Stack
    models: Models
    built_of: Callable[[str], Built]
    """Labels of a scoring image by digest."""
    published: Callable[[Version], tuple[Forecasts, str]]
    """The published forecasts of a version, and the data version that they were made from."""
    issued: Callable[[], Proof]
    """What QA and production prove production's name by; the vault issues it when there is none."""
    terms: Terms
    journal: Journal
    until_qa: bool = False
    """Stop once the image is tested in QA, where it stays up for the run that goes on after an approval."""
    result: Result = field(init=False)

    def __post_init__(self) -> None:
        self.result = Result(digest=self.digest)

    def run(self) -> Result:
        """Release the image, or find it released; a `rejected` result means that production is as it was before.

        Raises:
            FourPartError: when nothing could be decided, or the way back failed; the same command goes on from there.
        """
        with self.journal.step("inspect") as step:
            self.result.model, self.result.version = self._built.model, self._built.model_version
            step.detail = f"{self._built.model} {self._built.model_version} from {self._built.data_version}"
        with self.journal.step("judge") as step:
            version = self.models.releasable(self._built)
            now = self.stack.standing()
            step.detail = f"{version.role}, production {now.digests.live or 'empty'}"
        with self.journal.step("certificate") as step:
            step.detail = self._proof.hostname
        before = now.digests.before(self.digest, self._is_champion)
        if self._is_done(now.digests, version):
            return self._finish(now, "unchanged" if now.digests.settled else "released")
        try:
            if now.digests.live != self.digest:
                now = self._in_qa(now, before)
                if self.until_qa:
                    self.result.decision = "tested"
                    return self.result
                now = self._switched(now, before)
            now = self._in_production(now)
        except (TurnedAwayError, EngineFailedError) as error:
            return self._turn_away(version, before, str(error))
        with self.journal.step("champion") as step:
            self.result.champion, self.result.retired = version.number, self.models.crown(version)
            step.detail = f"version {version.number}, retired {', '.join(self.result.retired) or 'none'}"
        return self._settle(now, "released")

    @cached_property
    def _built(self) -> Built:
        return self.built_of(self.digest)

    @cached_property
    def _proof(self) -> Proof:
        return self.issued()

    def _is_champion(self, digest: str) -> bool:
        return bool(digest) and self.models.is_champion(self.built_of(digest))

    def _is_done(self, digests: Digests, version: Version) -> bool:
        """Whether the image is live and crowned, and no other champion is left to be retired."""
        return (
            digests.live == self.digest and version.role is Role.CHAMPION and not self._is_champion(digests.digest(digests.idle))
        )

    def _in_qa(self, now: Standing, before: Digests) -> Standing:
        """The image in QA, tested; what an interrupted run has brought up already stays up."""
        resumed = now.digests.digest(before.idle) == self.digest
        tried = before.in_qa(self.digest)
        now = self._apply("qa-up", now, tried.in_idle_slot(self.digest) if resumed else tried, "qa_url")
        with self.journal.step("acceptance") as step:
            checks = self._check(now, "qa_url", QA)
            self.result.qa = Place(url=now.urls["qa_url"], checks=checks)
            step.detail = _passed(checks)
        return now

    def _switched(self, now: Standing, before: Digests) -> Standing:
        """The image in the idle slot, tested, then the selector on it."""
        slot, tried = before.idle, before.in_qa(self.digest).in_idle_slot(self.digest)
        now = self._apply("slot-up", now, tried, f"{slot}_url")
        with self.journal.step("slot-check") as step:
            step.detail = _passed(self._check(now, f"{slot}_url", slot))
        return self._apply("switch", now, tried.switched(), "production_url")

    def _in_production(self, now: Standing) -> Standing:
        slot = now.digests.active
        with self.journal.step("production-check") as step:
            checks = self._check(now, "production_url", slot)
            self.result.production = self._place(now, checks)
            step.detail = _passed(checks)
        return now

    def _apply(self, name: str, now: Standing, wanted: Digests, shown: str) -> Standing:
        with self.journal.step(name) as step:
            now = now if now.digests == wanted else self.stack.apply(wanted)
            step.detail = now.urls[shown]
        return now

    def _check(self, now: Standing, address: str, place: str) -> tuple[Checked, ...]:
        # Asked each time: newer data may have moved the pointer since the last check.
        forecasts, data_version = self.published(self.models.version(self._built))
        expected = Expected(
            digest=self.digest,
            built=self._built,
            place=place,
            forecasts=forecasts,
            data_version=data_version,
            ready_seconds=self.terms.ready_seconds,
            answer_millis=self.terms.answer_millis,
        )
        return accept(Service(url=now.urls[address], proof=self._proof), expected)

    def _place(self, now: Standing, checks: tuple[Checked, ...]) -> Place:
        return Place(url=now.urls["production_url"], checks=checks, slot=now.digests.active, **asdict(self._proof))

    def _turn_away(self, version: Version, before: Digests, reason: str) -> Result:
        with self.journal.step("return") as step:
            now = self.stack.apply(before)
            step.detail = f"production {before.live or 'empty'}"
            if self.result.production and before.live:
                self._serves(now, before)
        self.result.decision, self.result.reason = "rejected", " ".join(reason.split())
        if self._is_to_blame(version, before):
            with self.journal.step("reject") as step:
                self.models.reject(version, self.result.reason)
                step.detail = f"version {version.number}"
        return self.result

    def _serves(self, now: Standing, before: Digests) -> None:
        """The address of production must lead to what it served before."""
        checked = reaches(Service(url=now.urls["production_url"], proof=self._proof), before.live)
        if not checked.ok:
            raise _down(before.live, checked.detail)

    def _is_to_blame(self, version: Version, before: Digests) -> bool:
        """New code around a champion may fail without its model losing the crown."""
        if version.role is Role.CHALLENGER:
            return True
        return self._is_champion(before.live) and self.built_of(before.live).model_version != version.number

    def _finish(self, now: Standing, decision: Decision) -> Result:
        """Clear up after a release whose image is live and crowned."""
        with self.journal.step("production-check") as step:
            slot = now.digests.active
            checks = self._check(now, "production_url", slot)
            self.result.production = self._place(now, checks)
            if failures(checks):
                raise _down(self.digest, failures(checks))
            step.detail = _passed(checks)
        return self._settle(now, decision)

    def _settle(self, now: Standing, decision: Decision) -> Result:
        now = self._apply("settle", now, now.digests.settle(), "production_url")
        self.result.decision = decision
        return self.result


def _passed(checks: tuple[Checked, ...]) -> str:
    if failures(checks):
        raise TurnedAwayError(failures(checks))
    return f"{len(checks)} checks"


def _down(digest: str, seen: str) -> ProductionDownError:
    return ProductionDownError(
        "Production does not serve the image that is recorded as live.",
        given=f"{digest}: {seen}",
        allowed="answers that pass the acceptance checks, with this digest",
        remedy="Run `pulumi refresh` on the release stack to find what was removed outside of it, then the same command again.",
    )
