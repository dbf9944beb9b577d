"""What the tasks of the job share: their named parameters, and how a task that fails leaves its reason."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import duckdb
from deltalake.exceptions import DeltaError

from contracts.errors import FourPartError
from contracts.events import DataVersion
from data_ops import JOB
from data_ops.access import AccessRefusedError
from data_ops.failures import Failure, record

EXIT_REFUSED = 2


class ParametersRefusedError(FourPartError):
    """Job parameters that name no version of a bronze table."""


@dataclass(frozen=True, kw_only=True)
class JobParameters:
    """The named parameters of every task: what to prepare, the event that asked for it, and the run."""

    source: DataVersion
    causation: str
    traceparent: str
    run_id: str

    @classmethod
    def of(cls, arguments: Sequence[str]) -> JobParameters:
        """Read `--table=bronze/sales --version=3 --causation=... --traceparent=... --run-id=...`.

        Raises:
            ParametersRefusedError: when table or version are not those of a bronze table.
        """
        parser = argparse.ArgumentParser(prog=JOB, allow_abbrev=False)
        for name in ("table", "version", "causation", "traceparent", "run-id"):
            parser.add_argument(f"--{name}", default="")
        given = parser.parse_args(arguments)
        if not given.table.startswith("bronze/") or not given.version.isdecimal():
            raise ParametersRefusedError(
                "The job was not told which data to prepare.",
                given=f"table={given.table!r}, version={given.version!r}",
                allowed="table=bronze/<name>, version=<a Delta version>",
                remedy="Start the job with both parameters, as the event handler does.",
            )
        source = DataVersion(table=given.table, version=int(given.version))
        return cls(source=source, causation=given.causation, traceparent=given.traceparent, run_id=given.run_id)


@contextlib.contextmanager
def reasons_kept(task: str, parameters: JobParameters) -> Generator[None]:
    """Leave the reason of a failure in the lake for the task `report-failure`, then let the task fail.

    What a person can put right is told in its four parts and ends with exit code 2; other faults keep their traceback.
    """
    try:
        yield
    except FourPartError as error:
        _leave(Failure.of(parameters.run_id, task, parameters.source, error))
        sys.stderr.write(f"{error}\n")
        sys.exit(EXIT_REFUSED)
    except (DeltaError, OSError, duckdb.Error) as error:
        _leave(Failure.of(parameters.run_id, task, parameters.source, error))
        raise


def _leave(failure: Failure) -> None:
    # When the lake is what failed, the reason can't be kept there; the run's output has it.
    with contextlib.suppress(DeltaError, OSError, AccessRefusedError):
        record(failure)
