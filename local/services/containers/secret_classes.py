"""SecretProviderClass: which objects of which vault a volume holds, and what of one is not emulated.

Source: azure.github.io/secrets-store-csi-driver-provider-azure, "Using the Azure Key Vault Provider".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SECRET_CLASS = "secrets-store.csi.x-k8s.io/v1/SecretProviderClass"  # noqa: S105 - a kind, not a password
DRIVER = "secrets-store.csi.k8s.io"
PARAMETERS = frozenset({"keyvaultName", "tenantId", "clientID", "usePodIdentity", "objects"})
OBJECT = frozenset({"objectName", "objectType", "objectAlias"})


@dataclass(frozen=True, kw_only=True)
class SecretClass:
    """A class as the driver reads it: the vault's name, who reads, and the object's name by the file it becomes."""

    vault: str
    tenant: str
    client: str
    files: Mapping[str, str]

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> SecretClass:
        """Read a spec that nothing is refused of; what is missing is empty."""
        told = {name: str(value).strip() for name, value in (spec.get("parameters") or {}).items()}
        held = _objects(told.get("objects", ""))
        files = {str(item.get("objectAlias") or item["objectName"]): str(item["objectName"]) for item in held}
        named = {"vault": told.get("keyvaultName", ""), "tenant": told.get("tenantId", ""), "client": told.get("clientID", "")}
        return cls(files=files, **named)


def class_refused(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Paths and reasons of what a class on this machine can't say."""
    parameters = spec.get("parameters") or {}
    if spec.get("provider") != "azure":
        yield "provider", "the provider azure is emulated on this machine."
    strange = [*(spec.keys() - {"provider", "parameters"}), *(f"parameters.{name}" for name in parameters.keys() - PARAMETERS)]
    for name in strange:
        yield name, f"'{name}' is not emulated on this machine."
    if parameters.get("usePodIdentity", "false") != "false":
        yield "parameters.usePodIdentity", "'false' is emulated on this machine: pods act by workload identity."
    try:
        wrong = [item for item in _objects(parameters.get("objects", "")) if not _is_secret(item)]
    except (yaml.YAMLError, TypeError, AttributeError):
        yield "parameters.objects", "has to be YAML with 'array', a list of YAML texts."
    else:
        if wrong:
            yield "parameters.objects", f"{', '.join(sorted(OBJECT))} of type secret in one folder are emulated on this machine."


def _objects(text: str) -> list[Mapping[str, Any]]:
    return [yaml.safe_load(item) for item in (yaml.safe_load(text) or {}).get("array") or []]


def _is_secret(item: Mapping[str, Any]) -> bool:
    file = str(item.get("objectAlias") or item.get("objectName") or "")
    return (
        item.keys() <= OBJECT and item.get("objectType") == "secret" and bool(item.get("objectName")) and Path(file).name == file
    )
