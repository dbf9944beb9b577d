"""The command `data-ops`: results on standard output, as JSON but for `look`, errors in four parts on standard error with exit code 2."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from contracts.errors import FourPartError

EXIT_REFUSED, EXIT_INTERRUPTED = 2, 130

type Step = Callable[[argparse.Namespace], dict[str, Any] | None]
"""A command's work; what it returns is told as JSON, None when it has told already."""


class OutputsFileError(FourPartError):
    """A file that holds no stack outputs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    chosen = _parser().parse_args(arguments)
    step: Step = chosen.step
    try:
        result = step(chosen)
    except FourPartError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_REFUSED
    except KeyboardInterrupt:
        sys.stderr.write("Stopped; a commit that was begun is whole or absent.\n")
        return EXIT_INTERRUPTED
    if result is not None:
        sys.stdout.write(json.dumps(result, sort_keys=True) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="data-ops", description="Sales into the lake, and the job that prepares them.")
    steps = parser.add_subparsers(required=True)
    first = _step(steps, "look", _look, "say what a file or folder holds and what would be dropped; writes nothing")
    first.add_argument("--json", action="store_true", help="one line of JSON instead")
    arrive = _step(steps, "ingest", _ingest, "append a CSV or Parquet file, or a folder of them, to bronze, once")
    for arriving in (first, arrive):
        arriving.add_argument("file", type=Path)
        arriving.add_argument("--columns", default="", help="names in the file, as in date=ds,sales=units")
        arriving.add_argument("--negative", default="", help="sales below zero: quarantine (default) or zero (a return)")
    made = _step(steps, "generate", _generate, "write a generated panel (Parquet, or CSV by the name)")
    made.add_argument("out", type=Path)
    for size in ("stores", "items", "days", "seed"):
        made.add_argument(f"--{size}", type=int)
    made.add_argument("--truth", type=Path, help="where to write the means that the sales were drawn from")
    juice = _step(steps, "orange-juice", _orange_juice, "write the OrangeJuice panel from Debian's r-cran-bayesm")
    juice.add_argument("out", type=Path)
    juice.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "mlops-forecasting")
    there = _step(steps, "publish", _publish, "publish the job prepare-dataset to the stack's workspace")
    there.add_argument("outputs", type=Path, help="stack outputs as JSON")
    return parser


def _step(steps: Any, name: str, step: Step, told: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = steps.add_parser(name, help=told, description=told)
    parser.set_defaults(step=step)
    return parser


def _look(chosen: argparse.Namespace) -> None:
    from data_ops.look import look
    from data_ops.negative import parse_negative
    from data_ops.sources.mapping import parse_mapping

    found = look(chosen.file, parse_mapping(chosen.columns), parse_negative(chosen.negative))
    told = [json.dumps(found.json(), sort_keys=True)] if chosen.json else found.lines()
    sys.stdout.writelines(f"{line}\n" for line in told)
    if found.refusal:
        raise found.refusal


def _ingest(chosen: argparse.Namespace) -> dict[str, Any]:
    from data_ops.ingest import ingest
    from data_ops.negative import parse_negative
    from data_ops.sources.mapping import parse_mapping

    return asdict(ingest(chosen.file, parse_mapping(chosen.columns), parse_negative(chosen.negative)))


def _generate(chosen: argparse.Namespace) -> dict[str, Any]:
    from data_ops.sources.generated import generate, write

    sizes = {name: getattr(chosen, name) for name in ("stores", "items", "days", "seed") if getattr(chosen, name) is not None}
    made = generate(**sizes)
    write(made.sales, chosen.out)
    if chosen.truth:
        write(made.truth, chosen.truth)
    return {"file": str(chosen.out), "rows": made.sales.num_rows}


def _orange_juice(chosen: argparse.Namespace) -> dict[str, Any]:
    from data_ops.sources.generated import write
    from data_ops.sources.orange_juice import fetch_orange_juice, orange_juice

    sales = orange_juice(fetch_orange_juice(chosen.cache))
    write(sales, chosen.out)
    return {"file": str(chosen.out), "rows": sales.num_rows}


def _publish(chosen: argparse.Namespace) -> dict[str, Any]:
    from contracts.outputs import PlatformOutputs
    from data_ops.publish import publish

    result = publish(PlatformOutputs.of(_outputs(chosen.outputs)))
    sys.stderr.writelines(f"{change}\n" for change in (*result.uploaded, *result.changes))
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
