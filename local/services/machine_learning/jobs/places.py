"""Where a job's files are: `machine_learning/jobs/<root run>/<step>/` of the stack's state."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from local.services.cloud import Cloud

STEP_LOG = "user_logs/std_log.txt"


def jobs_folder(cloud: Cloud) -> Path:
    """The folder of all jobs."""
    return cloud.state / "machine_learning" / "jobs"


@dataclass(frozen=True, kw_only=True)
class Place:
    """The folders of one step."""

    folder: Path

    @classmethod
    def of(cls, cloud: Cloud, root: str, step: str) -> Place:
        """The folders of a step of a root run."""
        return cls(folder=jobs_folder(cloud) / root / step)

    @property
    def code(self) -> Path:
        """The code snapshot, which is the working directory."""
        return self.folder / "code"

    @property
    def attempt(self) -> Path:
        """Where the process says that it began and how it ended."""
        return self.folder / "attempt"

    @property
    def outputs(self) -> Path:
        """The folder of the outputs, one folder each."""
        return self.folder / "outputs"

    @property
    def log(self) -> Path:
        """What the command writes."""
        return self.folder / STEP_LOG
