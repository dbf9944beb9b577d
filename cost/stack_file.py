"""What a stack's file says that an estimate needs: where it is, and how much it is used."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from cost.estimate import Estimate, Resource, estimate
from cost.prices import prices
from cost.usage import KEY, Usage

ROOT = Path(__file__).parents[1]
PROJECT = "mlops-forecasting"


def stacks() -> list[str]:
    """The names of the stack files."""
    return sorted(file.name.split(".")[1] for file in ROOT.glob("Pulumi.*.yaml"))


def priced(stack: str, resources: Iterable[Resource]) -> Estimate:
    """Price these resources with the region and the use that the stack's file states.

    Raises:
        SettingRefusedError: when the stack file states no use, or one that can't be.
    """
    config: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    usage = Usage.of(config.get(f"{PROJECT}:{KEY}", {}))
    return estimate(stack, config[f"{PROJECT}:location"], resources, usage, prices())
