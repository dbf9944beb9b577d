"""`make preflight`: all checks on one stack, told one after the other."""

from __future__ import annotations

import os
from contextlib import closing
from typing import Any

from azure.identity import DefaultAzureCredential

from deployment.platform import platform_stack
from deployment.preflight.arm import Subscription
from deployment.preflight.checks import CHECKS
from deployment.preflight.finding import Finding
from deployment.preflight.question import Question
from deployment.progress import line
from images.cloud import manager
from infra.settings import Settings

PROJECT = "mlops-forecasting"


class PreflightFailedError(Exception):
    """There are findings; the text is all of them."""


def preflight(stack: str) -> dict[str, Any]:
    """Check settings and names, then ask Azure for all that would stop a deployment.

    Raises:
        SettingRefusedError, NameRefusedError: when the stack file is refused; Azure is not asked then.
        StackUnknownError: when there is no stack file.
        AzureUnreadableError, CloudUnknownError: when Azure does not answer.
        PreflightFailedError: with every finding.
    """
    settings = Settings.of(_values(platform_stack(stack).settings()["config"]))
    line("done", "settings", f"{stack}: names and sizes are ones that Azure takes")
    with DefaultAzureCredential() as credential:
        asked = Subscription(credential, manager(os.environ), os.environ.get("ARM_SUBSCRIPTION_ID"))
        with closing(asked):
            findings = _asked(Question.of(settings, asked))
    if findings:
        raise PreflightFailedError("\n\n".join(map(str, findings)))
    return {"stack": stack, "subscription": asked.id, "checks": [check.__name__ for check in CHECKS], "findings": []}


def _asked(question: Question) -> list[Finding]:
    found: list[Finding] = []
    for check in CHECKS:
        own = list(check(question))
        line("failed" if own else "done", check.__name__, f"{len(own)} findings" if own else "nothing in the way")
        found += own
    return found


def _values(config: dict[str, Any]) -> dict[str, Any]:
    """Values of the stack file, keys without the project's name."""
    return {key.removeprefix(f"{PROJECT}:"): value for key, value in config.items() if key.startswith(f"{PROJECT}:")}
