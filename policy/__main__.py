"""Serves the pack to the engine; `PolicyPack` starts a server and returns only when the engine ends it."""

import gc
import sys
from pathlib import Path

# The engine runs this folder as a program, so its own folder is the import root; the estimate of costs lies beside it.
sys.path.append(str(Path(__file__).parents[1]))

from conversion import convert_once  # pyrefly: ignore[missing-import]
from pulumi_policy import PolicyPack
from rules import POLICIES  # pyrefly: ignore[missing-import]

# The pack lives as long as one preview; the collector would walk all rules again with every resource.
gc.disable()
convert_once()
PolicyPack("mlops-forecasting", policies=POLICIES)
