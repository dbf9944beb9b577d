"""The engine killed, cancelled or busy: what is left behind is put right by the next run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import psutil
import pytest

from local.engine import recover as recovery
from local.engine.recover import EngineBusyError, recover, restore
from local.engine.runner import EngineFailedError

pytestmark = pytest.mark.engine

# A shell's background job starts with SIGINT ignored; ctrl-C is for one that does not.
UP = """\
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from local.engine.build import find_engine
from local.engine.runner import PulumiEngine

state, project, port = sys.argv[1:]
PulumiEngine.of(find_engine(), state=Path(state), project=Path(project), stack="dev", provider_port=int(port)).up()
"""


def in_background(operation: Any) -> tuple[threading.Thread, list[str]]:
    failures: list[str] = []

    def run() -> None:
        try:
            operation()
        except EngineFailedError as error:
            failures.append(str(error))

    running = threading.Thread(target=run)
    running.start()
    return running, failures


def engine_of(shop: Any) -> psutil.Process:
    lock = next(shop.pulumi.workspace.locks.glob("*.json"))
    return psutil.Process(json.loads(lock.read_text())["pid"])


def hold(shop: Any, method: str, urn_end: str) -> None:
    shop.network.method, shop.network.urn_end = method, urn_end


def let_go(shop: Any) -> None:
    shop.network.method = ""
    shop.network.release.set()


def killed_during(shop: Any, operation: Any, method: str, urn_end: str) -> None:
    """Kill the engine when the provider has done its part and the engine does not know yet; its children must follow."""
    hold(shop, method, urn_end)
    running, failures = in_background(operation)
    assert shop.network.answered.wait(60)
    engine = engine_of(shop)
    children = engine.children(recursive=True)
    assert children, "the language host and the program"
    engine.kill()
    running.join(30)
    assert len(failures) == 1
    _, alive = psutil.wait_procs(children, timeout=15)
    assert alive == []
    let_go(shop)


def test_an_up_after_a_killed_up_doubles_nothing(shop: Any) -> None:
    killed_during(shop, shop.pulumi.up, "Create", "::lake")
    assert shop.names() == ["dlsshop", "rg-shop"]
    with pytest.raises(EngineFailedError, match="locked"):
        shop.pulumi.up()

    found = recover(shop.pulumi)
    assert found.locks == 1
    assert [item.rpartition("/")[2] for item in found.orphans] == ["dlsshop"]
    assert found.pending == 1
    assert shop.names() == ["rg-shop"]
    assert recover(shop.pulumi) == recovery.Recovery()

    assert shop.pulumi.up().counts["create"] >= 3
    assert shop.names() == ["bronze", "dlsshop", "rg-shop", "silver"]
    assert shop.pulumi.up().empty


def test_an_up_after_a_killed_destroy_makes_what_is_gone(shop: Any) -> None:
    shop.pulumi.up()
    killed_during_destroy(shop)
    assert shop.names() == ["dlsshop", "rg-shop", "silver"]
    assert recover(shop.pulumi).locks == 1
    shop.pulumi.up()
    assert shop.names() == ["bronze", "dlsshop", "rg-shop", "silver"]


def killed_during_destroy(shop: Any) -> None:
    shop.configure(containers="[silver]")
    shop.pulumi.init()
    killed_during(shop, shop.pulumi.up, "Delete", "::bronze")
    shop.configure()
    shop.pulumi.init()


def test_an_engine_that_lives_is_not_robbed_of_its_lock(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    hold(shop, "Create", "::lake")
    running, failures = in_background(shop.pulumi.up)
    assert shop.network.answered.wait(60)
    monkeypatch.setattr(recovery, "WAIT_SECONDS", 0.5)
    with pytest.raises(EngineBusyError) as caught:
        recover(shop.pulumi)
    assert f"process {engine_of(shop).pid} " in caught.value.given
    let_go(shop)
    running.join()
    assert failures == []
    assert recover(shop.pulumi) == recovery.Recovery()


def test_a_lock_of_another_machine_is_left_alone(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    locks = shop.pulumi.workspace.locks
    locks.mkdir(parents=True, exist_ok=True)
    foreign = {"pid": 2**22 - 1, "hostname": "another-machine", "username": "someone"}
    (locks / "a.json").write_text(json.dumps(foreign))
    monkeypatch.setattr(recovery, "WAIT_SECONDS", 0.0)
    with pytest.raises(EngineBusyError, match="someone on another-machine"):
        recover(shop.pulumi)
    assert (locks / "a.json").exists()


def test_ctrl_c_lets_the_engine_finish_what_runs(shop: Any) -> None:
    hold(shop, "Create", "::lake")
    command = [sys.executable, "-c", UP, str(shop.state), str(shop.project), str(shop.pulumi.provider_port)]
    person = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert shop.network.answered.wait(60)
    engine = engine_of(shop)
    os.kill(person.pid, signal.SIGINT)
    time.sleep(1)
    let_go(shop)
    _, said = person.communicate(timeout=60)
    assert person.returncode != 0
    assert "KeyboardInterrupt" in said
    assert not engine.is_running()
    assert recover(shop.pulumi).orphans == ()
    assert shop.pulumi.up().counts["same"] >= 2, "group and lake were recorded"
    assert shop.names() == ["bronze", "dlsshop", "rg-shop", "silver"]


def test_a_checkpoint_that_was_cut_off_is_the_engines_own_copy_again(tmp_path):
    checkpoint, backup = tmp_path / "dev.json", tmp_path / "dev.json.bak"
    assert not restore(checkpoint)
    backup.write_text('{"version": 3}')
    checkpoint.write_text('{"version": 3, "check')
    assert restore(checkpoint)
    assert checkpoint.read_text() == '{"version": 3}'
    checkpoint.write_text('{"version": 3, "newer": true}')
    assert not restore(checkpoint)
    assert "newer" in checkpoint.read_text()
