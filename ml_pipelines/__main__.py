"""`python -m ml_pipelines publish OUTPUTS`, `rollback OUTPUTS DEPLOYMENT` and `experiment OUTPUTS --set NAME=VALUE`.

A JSON answer on standard output; what changed, or the experiments side by side, on standard error.
"""

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
from contracts.events import DataVersion
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
        result = _result(chosen)
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
    steps = parser.add_subparsers(dest="command", required=True)
    there = steps.add_parser("publish", help="publish the training pipeline to the stack's workspace")
    back = steps.add_parser("rollback", help="make a deployment published before the default again")
    once = steps.add_parser("experiment", help="run the published pipeline once with another recipe, or list such runs")
    once.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the recipe, as in rounds=200"
    )
    once.add_argument("--data", type=DataVersion.parse, help="version of the features to train on, as in silver/features@3")
    for command in (there, back, once):
        command.add_argument("outputs", type=Path, help="stack outputs as JSON")
    there.add_argument("--recipe", default="", help='JSON of recipe settings for all trainings, as in {"rounds": 200}')
    there.add_argument(
        "--nodes",
        type=int,
        default=1,
        help="nodes that fit the parts of a recipe with part_series, by a parallel step; 1 by default",
    )
    back.add_argument("deployment")
    return parser


def _quiet() -> None:
    """Silence what azure-ai-ml says about its own schemas at each import."""
    logging.getLogger(EXPERIMENTAL).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="marshmallow|azure.ai.ml")


def _result(chosen: argparse.Namespace) -> dict[str, Any]:
    outputs = PlatformOutputs.of(_outputs(chosen.outputs))
    if chosen.command == "experiment":
        return _experiment(outputs, chosen)
    from ml_pipelines.publishing.definition import define
    from ml_pipelines.publishing.publication import publish, roll_back

    back = chosen.command == "rollback"
    result = roll_back(outputs, chosen.deployment) if back else publish(outputs, define(recipe=chosen.recipe, nodes=chosen.nodes))
    sys.stderr.writelines(f"{change}\n" for change in result.changes or ("unchanged",))
    return asdict(result)


def _experiment(outputs: PlatformOutputs, chosen: argparse.Namespace) -> dict[str, Any]:
    """Submit one where data are named, and list all."""
    from ml_pipelines.publishing.experiments import listed, submit, table

    told = asdict(submit(outputs, chosen.set, chosen.data)) if chosen.data else {}
    rows = listed(outputs)
    sys.stderr.write(table(rows))
    return told | {"experiments": [asdict(row) for row in rows]}


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
