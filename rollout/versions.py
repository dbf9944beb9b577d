"""The release of a model version on a stack: its registry, its published forecasts and the terms of acceptance put together."""

from __future__ import annotations

from contracts.names import SCORING
from contracts.outputs import PlatformOutputs
from ml_pipelines.forecast_files import Forecasts, current
from ml_pipelines.login import storage_login
from ml_pipelines.registry import Version
from rollout.certificate import Address, Certificates
from rollout.engine import ReleaseStack
from rollout.images import Images
from rollout.journal import Journal, Result
from rollout.models import Models, VersionRefusedError
from rollout.scoring import ScoringRelease, Terms


def release_version(digest: str, stack: ReleaseStack, platform: PlatformOutputs, images: Images, *, until_qa: bool) -> Result:
    """Take a scoring image through QA, and into production unless it is to stop before.

    A version that must not be released is a decision, not a fault.
    """

    def published(version: Version) -> tuple[Forecasts, str]:
        storage_login(platform.forecasts_url)
        forecasts, manifest = current(platform.forecasts_url, version.model, version.number)
        return forecasts, str(manifest["data_version"])

    address = Address.of(stack.section("address"))
    release = ScoringRelease(
        digest=digest,
        stack=stack,
        models=Models(tracking_uri=platform.mlflow_tracking_uri),
        built_of=lambda image: images.built(SCORING, image),
        published=published,
        issued=lambda: Certificates(vault_url=platform.key_vault_uri, credential=images.credential).issued(address),
        terms=_terms(stack),
        journal=Journal(),
        until_qa=until_qa,
    )
    try:
        return release.run()
    except VersionRefusedError as error:
        release.result.reason = " ".join(str(error).split())
        return release.result


def _terms(stack: ReleaseStack) -> Terms:
    acceptance = stack.section("acceptance")
    return Terms(ready_seconds=acceptance["readySeconds"], answer_millis=acceptance["answerMillis"])
