"""The work on one step, from its environment to its recorded end; taken up again after the service was killed."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.environments.environments import EnvironmentFailedError, build, default_cache
from local.services.arm.errors import ArmError
from local.services.cloud import Cloud
from local.services.held_process import HeldProcess, began, hold, outcome
from local.services.machine_learning.documents.models import Documents
from local.services.machine_learning.documents.uploads import Uploads
from local.services.machine_learning.jobs import conda, reuse, surroundings
from local.services.machine_learning.jobs.expressions import render
from local.services.machine_learning.jobs.models import Job, Jobs, StepRow
from local.services.machine_learning.jobs.places import Place
from local.services.machine_learning.jobs.plan import Step
from local.services.machine_learning.runs import Run, Runs, Status

RUNNER = Path(__file__).with_name("step_process.py")
POLL_SECONDS = 0.05
MOST_ATTEMPTS = 2
"""A process that died while nobody watched it is started once more: its end says nothing about the step."""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a step ended; `peak_bytes` is zero when nothing ran."""

    status: Status
    error: str = ""
    peak_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """The work on one step; `stopping` is set when the service ends and the process is to be left alone."""

    cloud: Cloud
    runs: Runs
    jobs: Jobs
    documents: Documents
    job: Job
    step: Step
    row: StepRow
    stopping: threading.Event

    def work(self) -> None:
        """Run the step, or watch the process that runs it already, and record its end."""
        try:
            ending = self._work()
        except (ArmError, EnvironmentFailedError, OSError) as error:
            text = error.message if isinstance(error, ArmError) else str(error)
            ending = Ending(status=Status.FAILED, error=text)
        if ending is None:
            return
        self._record(ending)

    @property
    def place(self) -> Place:
        """The step's folders."""
        return Place.of(self.cloud, self.job.run_id, self.step.name)

    @property
    def run(self) -> Run:
        """The step's run as it stands now."""
        found = self.runs.get(self.row.run_id)
        if found is None:
            raise ArmError(404, "ResourceNotFound", f"The run '{self.row.run_id}' was not found.")
        return found

    def _work(self) -> Ending | None:
        if self.row.pid is None:
            return self._launch()
        ending = self._watch(HeldProcess(pid=self.row.pid, born=self.row.born or 0.0))
        if ending is None or ending.status is not Status.FAILED or outcome(self.place.attempt) is not None:
            return ending
        if began(self.place.attempt) and self.row.attempt + 1 >= MOST_ATTEMPTS:
            return ending
        self.jobs.note(self.row.run_id, attempt=self.row.attempt + began(self.place.attempt), pid=None, born=None)
        return self._launch()

    def _launch(self) -> Ending | None:
        self.runs.set_status(self.row.run_id, Status.PREPARING)
        text = conda.environment_text(self.documents, str(self.step.spec.get("environment") or ""))
        if self._reused(text):
            return Ending(status=Status.COMPLETED)
        python = build(conda.packages(text), default_cache())
        held = self._start(python)
        self.jobs.note(self.row.run_id, pid=held.pid, born=held.born)
        self.runs.set_status(self.row.run_id, Status.RUNNING)
        held.release()
        return self._watch(held)

    def _reused(self, environment: str) -> bool:
        """Note the step's key, and take over the outputs of an earlier run of it where there is one."""
        code_id = str(self.step.spec.get("code") or "")
        code = self.documents.get(code_id) if code_id else None
        if code_id and code is None:
            raise ArmError(404, "ResourceNotFound", f"The code '{code_id.removeprefix('azureml:')}' does not exist.")
        rows = self.jobs.rows(self.job.run_id)
        sources = {name: rows[source].key for name, (source, _) in self.step.upstream.items()}
        key = reuse.key(self.step, code=code, environment=environment, sources=sources, run_id=self.row.run_id)
        before = self.jobs.reusable(self.job.workspace, key)
        if before is None or self.job.setting("force_rerun") or not Path(before.outputs).is_dir():
            self.jobs.note(self.row.run_id, key=key, outputs=str(self.place.outputs))
            return False
        self.jobs.note(self.row.run_id, key=key, outputs=before.outputs)
        told = {"azureml.isreused": "true", "azureml.reusedrunid": before.run_id, "azureml.reusedpipelinerunid": before.job}
        with self.cloud.store.transaction() as connection:
            self.runs.note(connection, self.row.run_id, "property", told)
        return True

    def _start(self, python: Path) -> HeldProcess:
        place = self.place
        for folder in (place.code, place.attempt, place.outputs):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        if code := str(self.step.spec.get("code") or ""):
            document = self.documents.get(code)
            if document is not None:
                Uploads(self.cloud).fetch(document.properties["codeUri"], place.code)
        outputs = {name: place.outputs / name for name in self.step.outputs}
        for folder in outputs.values():
            folder.mkdir()
        command = render(self.step.spec["command"], self._inputs(), {name: str(folder) for name, folder in outputs.items()})
        variables = surroundings.variables(self.cloud, self.job, self.step, self.run, python)
        arguments = (sys.executable, "-I", "-S", RUNNER, place.attempt, command)
        return hold(arguments, variables=variables, work=place.code, log=place.log)

    def _inputs(self) -> Mapping[str, str]:
        rows = self.jobs.rows(self.job.run_id)
        bound = {name: str(Path(rows[step].outputs) / output) for name, (step, output) in self.step.upstream.items()}
        return {**self.step.values, **bound}

    def _watch(self, running: HeldProcess) -> Ending | None:
        peak, reason = 0, None
        while (resident := running.resident()) is not None:
            peak = max(peak, resident)
            if self.stopping.wait(POLL_SECONDS):
                return None
            reason = reason or self._reason_to_stop()
            if reason:
                running.kill()
        running.kill()
        running.reap()
        return reason or self._ending(peak)

    def _reason_to_stop(self) -> Ending | None:
        run = self.run
        if run.canceled:
            return Ending(status=Status.CANCELED, error="The job was canceled.")
        if self.step.timeout and run.started and time.time() - run.started > self.step.timeout:
            return Ending(status=Status.FAILED, error=f"The step took longer than its timeout of {self.step.timeout:g} s.")
        try:
            surroundings.cluster(self.cloud, run.workspace, self.step.compute)
        except ArmError as error:
            return Ending(status=Status.FAILED, error=error.message)
        return None

    def _ending(self, peak: int) -> Ending:
        told = outcome(self.place.attempt)
        if told is None:
            return Ending(status=Status.FAILED, error="The step's process was killed before it was done.", peak_bytes=peak)
        if told["exit_code"] == 0:
            return Ending(status=Status.COMPLETED, peak_bytes=told["peak_bytes"])
        error = f"Execution failed. User process '{self.step.name}' exited with status code {told['exit_code']}. {self._last()}"
        return Ending(status=Status.FAILED, error=error.strip(), peak_bytes=told["peak_bytes"])

    def _last(self) -> str:
        """The end of the log, which most often says why."""
        lines = self.place.log.read_text(errors="replace").strip().splitlines()
        return "\n".join(lines[-12:])[-2000:]

    def _record(self, ending: Ending) -> None:
        run = self.run
        if ending.peak_bytes:
            seconds = time.time() - (run.started or time.time())
            told = {"mlops.peak_bytes": str(ending.peak_bytes), "mlops.seconds": f"{seconds:.2f}"}
            with self.cloud.store.transaction() as connection:
                self.runs.note(connection, run.run_id, "property", told)
        self.runs.set_status(run.run_id, ending.status, error=ending.error)
        shutil.rmtree(self.place.attempt, ignore_errors=True)
        shutil.rmtree(self.place.code, ignore_errors=True)
