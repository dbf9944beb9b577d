"""What one MLflow call is: its workspace and its values, from the query of a GET or the body of all else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.services.machine_learning.mlflow.errors import invalid
from local.services.machine_learning.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of a client on one workspace; `values` are the fields of MLflow's request message."""

    workspace: Workspace
    values: Mapping[str, Any]

    def text(self, name: str) -> str:
        """A field that must be there.

        Raises:
            MlflowError: INVALID_PARAMETER_VALUE when it is missing or empty.
        """
        value = self.values.get(name)
        if value is None or value == "":
            raise invalid(f"Missing value for required parameter '{name}'.")
        return str(value)

    def optional(self, name: str) -> str:
        """A field that may be missing, then empty."""
        return str(self.values.get(name) or "")

    def pairs(self, name: str) -> dict[str, str]:
        """A list of `{key, value}` objects as a mapping.

        Raises:
            MlflowError: INVALID_PARAMETER_VALUE when one of them has no key.
        """
        rows = self.values.get(name) or []
        if not all(isinstance(row, Mapping) and row.get("key") for row in rows):
            raise invalid(f"An item of '{name}' has no key.")
        return {str(row["key"]): str(row.get("value", "")) for row in rows}


type Action = Callable[[Call], dict[str, Any]]
"""Serves one call and returns the fields of MLflow's response message."""
type Table = dict[tuple[str, str], Action]
"""Actions by HTTP method and path below `/api/2.0/mlflow/`."""
