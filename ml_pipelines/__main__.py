"""`python -m ml_pipelines publish OUTPUTS`: a JSON answer on standard output, what changed on standard error."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from contracts.errors import FourPartError
from contracts.outputs import PlatformOutputs

EXIT_REFUSED, EXIT_INTERRUPTED = 2, 130
EXPERIMENTAL = "azure.ai.ml._utils._experimental"
"""Logger that names experimental classes at each start, whether they are used or not."""


class OutputsFileError(FourPartError):
    """A file that holds no stack outputs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    chosen = _parser().parse_args(arguments)
    _quiet()
    try:
        result = _publish(chosen.outputs)
    except FourPartError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_REFUSED
    except KeyboardInterrupt:
        sys.stderr.write("Stopped; what was published before is still the default.\n")
        return EXIT_INTERRUPTED
    sys.stdout.write(json.dumps(result, sort_keys=True) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ml_pipelines", description="The training pipeline in Azure ML.")
    steps = parser.add_subparsers(required=True)
    there = steps.add_parser("publish", help="publish the training pipeline to the stack's workspace")
    there.add_argument("outputs", type=Path, help="stack outputs as JSON")
    return parser


def _quiet() -> None:
    """Silence what azure-ai-ml says about its own schemas at each import."""
    logging.getLogger(EXPERIMENTAL).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="marshmallow|azure.ai.ml")


def _publish(file: Path) -> dict[str, Any]:
    outputs = PlatformOutputs.of(_outputs(file))
    from ml_pipelines.publishing.publication import publish

    result = publish(outputs)
    sys.stderr.writelines(f"{change}\n" for change in result.changes or ("unchanged",))
    return asdict(result)


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
