"""What the policies cost: a preview with the pack beside the same preview without, and judging an exported state of production.

Wall seconds on the real engine with the local cloud's provider. Each round previews without and with the pack, one after the
other, on an empty stack; the best of each is taken. Targets: the pack adds 3 s at most, a state is judged in 5 s.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.empty_stack import empty_stack
from local.certificates import ensure_certificates
from local.engine.build import Engine, ensure_engine
from local.progress import Progress
from local.services.eventhubs import broker
from policy.audit.findings import CATALOGUE
from policy.audit.state import judge

ROOT = Path(__file__).parents[1]
PACK = ROOT / "policy"
ROUNDS = 3
ADDED_SECONDS, JUDGED_SECONDS = 3.0, 5.0


def main() -> int:
    """Measure both, and print the tables."""
    engine = ensure_engine(Progress())
    sys.stdout.write(
        f"{len(CATALOGUE)} rules\n{'pulumi preview':18}{'without, s':>12}{'with, s':>9}{'added, s':>10}{'target':>8}\n"
    )
    for stack in ("dev", "prod"):
        rounds = [_previews(engine, stack) for _ in range(ROUNDS)]
        bare, judged = (min(one[index] for one in rounds) for index in (0, 1))
        sys.stdout.write(f"{stack:18}{bare:>12.1f}{judged:>9.1f}{judged - bare:>10.1f}{ADDED_SECONDS:>8.0f}\n")
    resources, seconds = _analyze(engine, "prod")
    sys.stdout.write(f"policy analyze of {resources} resources of prod: {seconds:.1f} s (target {JUDGED_SECONDS:.0f})\n")
    return 0


def _previews(engine: Engine, stack: str) -> tuple[float, float]:
    """Seconds of a preview without the pack, then of one with it."""
    with empty_stack(engine, ROOT, stack) as pulumi:
        without = pulumi.preview().seconds
        return without, pulumi.preview(policy_pack=PACK, policy_config=PACK / f"config.{stack}.json").seconds


def _analyze(engine: Engine, stack: str) -> tuple[int, float]:
    """Resources of a stack that was applied, and the seconds in which its export is judged."""
    with empty_stack(engine, ROOT, stack) as pulumi, _hubs(pulumi.workspace.state):
        pulumi.up()
        state = pulumi.export()
        file = pulumi.workspace.state / "export.json"
        file.write_text(json.dumps(state))
        os.environ.update(pulumi.environment)
        os.environ["PATH"] = f"{engine.binary.parent}{os.pathsep}{os.environ['PATH']}"
        seconds = []
        for _ in range(ROUNDS):
            began = time.monotonic()
            judge(file, stack)
            seconds.append(time.monotonic() - began)
        return len(state["deployment"]["resources"]), min(seconds)


@contextmanager
def _hubs(state: Path) -> Iterator[None]:
    """The broker that holds the stack's hubs."""
    ensure_certificates(state)
    command = broker.command(broker.BROKER.ensure(Progress()), state)
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
    try:
        broker.wait_ready(state)
        yield
    finally:
        running.terminate()
        running.wait()


if __name__ == "__main__":
    sys.exit(main())
