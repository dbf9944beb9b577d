"""The command: journal on stderr, the result as JSON on stdout and in a file.

Exit codes: 0 released, tested or unchanged, 1 turned away with production as before, 2 nothing decided (run it again).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from azure.identity import DefaultAzureCredential

from contracts.errors import FourPartError
from contracts.images import DIGEST
from contracts.names import HANDLER, SCORING
from rollout.engine import ReleaseStack
from rollout.handler import release_handler
from rollout.images import Images
from rollout.journal import QA, Journal, Result

TURNED_AWAY, UNDECIDED = 1, 2
PRODUCTION = "production"


class DigestRefusedError(FourPartError):
    """Text that names no image."""


class ImageTurnedAwayError(FourPartError):
    """An image that was not released."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Release an image and tell how it ended."""
    given = _parser().parse_args(arguments)
    try:
        result = _release(given.workload, given.stack, given.digest, until_qa=given.until == QA)
    except FourPartError as error:
        sys.stderr.write(f"{error}\n")
        return UNDECIDED
    if given.result:
        given.result.parent.mkdir(parents=True, exist_ok=True)
        given.result.write_text(result.json() + "\n")
    sys.stdout.write(result.json() + "\n")
    if result.decision == "rejected":
        sys.stderr.write(f"{_turned_away(result)}\n")
        return TURNED_AWAY
    return 0


def _release(workload: str, name: str, digest: str, *, until_qa: bool) -> Result:
    if not DIGEST.fullmatch(digest):
        raise DigestRefusedError(
            "This names no image.",
            given=digest or "nothing",
            allowed="sha256: and 64 hexadecimal digits",
            remedy="Name the digest of an image in the registry: DIGEST=sha256:...",
        )
    stack = ReleaseStack(stack=name)
    stack.settings()
    platform = stack.platform()
    with DefaultAzureCredential() as credential:
        images = Images(login_server=platform.registry_login_server, credential=credential)
        if workload == HANDLER:
            return release_handler(digest, stack, images, Journal())
        # The model registry's client takes seconds to import, and the handler's way needs none of it.
        from rollout.versions import release_version

        return release_version(digest, stack, platform, images, until_qa=until_qa)


def _turned_away(result: Result) -> ImageTurnedAwayError:
    return ImageTurnedAwayError(
        "The image was not released; production is as it was before.",
        given=f"{result.digest} ({result.model} {result.version}): {result.reason}",
        allowed="an image that starts, passes every acceptance check, and holds a challenger or the champion",
        remedy="Mend what the reason names and train again; set the tag role=challenger on the version to try the same image.",
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m rollout", description="Takes one image through QA into production, or back.")
    parser.add_argument("workload", choices=(SCORING, HANDLER))
    parser.add_argument("--stack", required=True)
    parser.add_argument("--digest", required=True)
    parser.add_argument("--until", choices=(QA, PRODUCTION), default=PRODUCTION, help="qa: test the scoring image there and stop")
    parser.add_argument("--result", type=Path, help="file for the result as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
