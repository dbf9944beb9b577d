"""`make down`: the stack destroyed by the engine, the processes stopped, the state directory removed."""

from __future__ import annotations

import contextlib
import shutil

from local.engine.build import ensure_engine
from local.flow.options import Options
from local.flow.platform import destroy
from local.lifecycle import running, start, stop
from local.processes import Processes
from local.progress import Progress
from local.services.cloud import Cloud
from local.supervisor import end_leftovers


def down(options: Options) -> int:
    """Leave no resource, process, port or file of the stack; caches outside the repository stay."""
    progress, state = Progress(), options.state
    if not state.exists():
        progress.note(f"There is no local stack {options.stack}; nothing to do.")
        return 0
    engine = ensure_engine(progress)
    with progress.step("services") as step:
        start(state, step)
    cloud = Cloud.open(state)
    for process in Processes(cloud.store).wanted():
        Processes(cloud.store).release(process.name)
    with progress.step("destroy") as step:
        step.detail = destroy(engine, cloud, options.stack, step)
    with progress.step("stop") as step:
        stop(state)
        end_leftovers(state)
        shutil.rmtree(state)
        with contextlib.suppress(OSError):  # another stack's state is there
            state.parent.rmdir()
        step.detail = "nothing left" if running(state) is None else "the supervisor still runs"
    return 0
