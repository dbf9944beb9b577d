"""The way of the event handler's image: one replica, replaced; a pod that does not come up is replaced by the one before."""

from __future__ import annotations

from dataclasses import replace

from contracts.names import HANDLER
from deployment.pulumi_stack import EngineFailedError
from rollout.engine import Stack
from rollout.images import Images
from rollout.journal import Journal, Result


def release_handler(digest: str, stack: Stack, images: Images, journal: Journal) -> Result:
    """Run the handler from this image; `unchanged` when it does.

    Raises:
        FourPartError: when the registry has no such image, or the way back failed.
    """
    with journal.step("inspect") as step:
        step.detail = f"{len(images.labels(HANDLER, digest))} labels"
        before = stack.standing().digests
    if before.handler == digest:
        return Result(digest=digest, decision="unchanged")
    try:
        with journal.step("handler-up") as step:
            stack.apply(replace(before, handler=digest))
            step.detail = digest
    except EngineFailedError as error:
        with journal.step("return") as step:
            stack.apply(before)
            step.detail = before.handler or "no handler"
        return Result(digest=digest, decision="rejected", reason=" ".join(str(error).split()))
    return Result(digest=digest, decision="released")
