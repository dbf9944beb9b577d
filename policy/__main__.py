"""Serves the pack to the engine; `PolicyPack` starts a server and returns only when the engine ends it."""

# The engine runs this folder as a program, so its own folder, not the repository, is the import root.
from pulumi_policy import PolicyPack
from rules import POLICIES  # pyrefly: ignore[missing-import]

PolicyPack("mlops-forecasting", policies=POLICIES)
