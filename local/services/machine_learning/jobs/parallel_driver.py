"""Works through the mini batches of a parallel step; standard library only, run by the Python of the step's environment.

Arguments: settings as JSON, the entry script, the folder whose files are the items, and the script's own arguments. Each
worker process calls `init` once and `run` for one mini batch after the other. A mini batch has failed, and is tried again,
when `run` raises, takes longer than its timeout or has fewer results than items.
"""

import importlib.machinery
import importlib.util
import json
import multiprocessing
import os
import queue
import sys
import threading
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

PROCESSES = multiprocessing.get_context("spawn")
type Held = tuple[multiprocessing.process.BaseProcess, Connection]


def serve(pipe: Connection, script: str, arguments: list[str]) -> None:
    """Be a worker process: results and fault of each mini batch that comes, until None comes."""
    sys.argv = [script, *arguments]
    loader = importlib.machinery.SourceFileLoader("entry_script", script)
    entry: Any = importlib.util.module_from_spec(importlib.machinery.ModuleSpec("entry_script", loader, origin=script))
    entry.__file__ = script
    sys.modules["entry_script"] = entry
    ready = False
    for batch in iter(pipe.recv, None):
        try:
            if not ready:
                loader.exec_module(entry)
                entry.init()
                ready = True
            pipe.send((len(_results(entry.run(batch))), ""))
        except Exception as error:  # noqa: BLE001 - whatever the script raises is told as Azure ML tells it
            traceback.print_exc()
            pipe.send((0, "".join(traceback.format_exception_only(error)).strip()))
    getattr(entry, "shutdown", lambda: None)()


def _results(found: Any) -> Any:
    if isinstance(found, str) or not hasattr(found, "__len__"):
        msg = f"run() returns a list, a tuple or a data frame; this one returned {type(found).__name__}"
        raise TypeError(msg)
    return found


class Worker:
    """One worker process, started when it is needed and again after it was lost."""

    def __init__(self, settings: dict[str, int], script: str, arguments: list[str]) -> None:
        self._settings, self._arguments = settings, (script, arguments)
        self._held: Held | None = None

    def run(self, batch: list[str]) -> tuple[int, str]:
        """Items that failed at the last try, and why."""
        results, fault = 0, ""
        for _ in range(1 + self._settings["max_retries"]):
            results, fault = self._try(batch)
            if not fault and results < len(batch):
                fault = f"run() returned {results} results for {len(batch)} items"
            if not fault:
                return 0, ""
        return max(1, len(batch) - results), fault

    def stop(self) -> None:
        """Let the process end by itself."""
        if self._held:
            process, pipe = self._held
            pipe.send(None)
            process.join()

    def _try(self, batch: list[str]) -> tuple[int, str]:
        process, pipe = self._held = self._held or self._start()
        try:
            pipe.send(batch)
            if pipe.poll(self._settings["timeout"]):
                answer: tuple[int, str] = pipe.recv()
                return answer
            fault = f"run() took longer than {self._settings['timeout']} s"
        except (EOFError, OSError):
            fault = "the worker process died"
        process.kill()
        process.join()
        self._held = None
        return 0, fault

    def _start(self) -> Held:
        ours, theirs = PROCESSES.Pipe()
        process = PROCESSES.Process(target=serve, args=(theirs, *self._arguments), daemon=True)
        process.start()
        theirs.close()
        return process, ours


class Batches:
    """What is still to do, and what failed; ends the whole step at the failure that is one too many."""

    def __init__(self, settings: dict[str, int], files: list[str]) -> None:
        size = settings["mini_batch_size"]
        self._todo: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
        for start in range(0, len(files), size):
            self._todo.put(files[start : start + size])
        self._count, self._settings, self._lock = self._todo.qsize(), settings, threading.Lock()
        self._failed = {"mini_batch_error_threshold": 0, "error_threshold": 0}

    def work(self, worker: Worker) -> None:
        """Do one mini batch after the other with a worker."""
        while True:
            try:
                batch = self._todo.get_nowait()
            except queue.Empty:
                return worker.stop()
            items, fault = worker.run(batch)
            with self._lock:
                self._done(batch, items, fault)

    def _done(self, batch: list[str], items: int, fault: str) -> None:
        _tell(f"mini batch {', '.join(Path(file).name for file in batch)}: {fault or 'done'}")
        self._failed["mini_batch_error_threshold"] += bool(fault)
        self._failed["error_threshold"] += items
        for name, failed in self._failed.items():
            if 0 <= self._settings[name] < failed:
                _tell(f"{failed} failed, of {self._count} mini batches in all; {name} is {self._settings[name]}.")
                for child in multiprocessing.active_children():
                    child.kill()
                os._exit(1)


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Read the arguments and work with as many workers as there are, or as there are mini batches."""
    settings, script, folder, arguments = json.loads(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4:]
    files = sorted(str(file) for file in folder.rglob("*") if file.is_file())
    if not files:
        sys.exit(f"There is no file in the input folder {folder}.")
    batches = Batches(settings, files)
    workers = [Worker(settings, script, arguments) for _ in range(min(settings["workers"], len(files)))]
    threads = [threading.Thread(target=batches.work, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
