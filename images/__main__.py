"""`python -m images event-handler OUTPUTS`: builds an image unless it is there; the answer as JSON on standard output."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from azure.identity import DefaultAzureCredential

from contracts.errors import FourPartError
from contracts.names import HANDLER
from contracts.outputs import PlatformOutputs
from data_ops.release import ROOT, requirements
from images import handler_image
from images.acr_tasks import AcrTasks
from images.builder import Image
from images.cloud import manager

EXIT_REFUSED, EXIT_INTERRUPTED = 2, 130


class OutputsFileError(FourPartError):
    """A file that holds no stack outputs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        image = build_handler(PlatformOutputs.of(_outputs(chosen.outputs)))
    except FourPartError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_REFUSED
    except KeyboardInterrupt:
        sys.stderr.write("Stopped; a build that was started goes on, and the next call waits for it.\n")
        return EXIT_INTERRUPTED
    sys.stdout.write(json.dumps(asdict(image), sort_keys=True) + "\n")
    return 0


def build_handler(outputs: PlatformOutputs) -> Image:
    """The event handler's image of this work tree in the stack's registry.

    Raises:
        ReleaseBuildError: when the locked requirements can't be exported.
        ContextIncompleteError: when a source is missing.
        BuildFailedError, TagTakenError, RegistryRefusedError, CloudUnknownError: when there is no image.
    """
    order = handler_image.order(ROOT, requirements(handler_image.GROUP))
    address = manager(os.environ)
    with DefaultAzureCredential() as credential, closing(AcrTasks(outputs.registry_id, credential, address)) as builder:
        return builder.build(order)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m images", description="Images of the product, built by the registry.")
    commands = parser.add_subparsers(required=True)
    handler = commands.add_parser(HANDLER, help="build the event handler's image unless its content is there")
    handler.add_argument("outputs", type=Path, help="stack outputs as JSON")
    return parser


def _outputs(file: Path) -> dict[str, Any]:
    try:
        outputs: dict[str, Any] = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise OutputsFileError(
            "The stack outputs can't be read.",
            given=f"{file}: {error}",
            allowed="a file with the JSON of `pulumi stack output --json`",
            remedy="Write the file with `pulumi stack output --json > FILE`.",
        ) from error
    return outputs


if __name__ == "__main__":
    sys.exit(main())
