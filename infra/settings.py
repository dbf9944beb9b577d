"""`Settings`: everything in which two stacks may differ, read once from the stack file and checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from contracts.errors import FourPartError
from contracts.names import Names, names
from contracts.section import Section
from infra.sections import (
    AgentSettings,
    ClusterSettings,
    ComputeSettings,
    EventSettings,
    NetworkSettings,
    OperationsSettings,
    RegistrySettings,
    StorageSettings,
    TelemetrySettings,
    VaultSettings,
)

PLAIN = ("environment", "workload", "suffix", "location", "owner", "costCenter", "network", "addressSpace")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One environment, checked; components get the part that concerns them."""

    environment: str
    location: str
    owner: str
    cost_center: str
    names: Names
    network: NetworkSettings
    protected: bool
    allowed_addresses: tuple[str, ...]
    storage: StorageSettings
    vault: VaultSettings
    registry: RegistrySettings
    events: EventSettings
    compute: ComputeSettings
    cluster: ClusterSettings
    telemetry: TelemetrySettings
    operations: OperationsSettings
    agents: AgentSettings

    @property
    def tags(self) -> dict[str, str]:
        """The tags that every taggable resource carries."""
        return {
            "environment": self.environment,
            "owner": self.owner,
            "cost-center": self.cost_center,
            "workload": self.names.workload,
        }

    @classmethod
    def load(cls, config: pulumi.Config) -> Settings:
        """Read and check the stack's configuration.

        Raises:
            pulumi.RunError: when `of` refuses a value; the engine shows such an error without a trace.
        """
        try:
            return cls.of({key: _value(config, key) for key in _given(config.name)})
        except FourPartError as error:
            raise pulumi.RunError(str(error)) from error

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Settings:
        """Check the values of a stack file, keys without the project's name.

        Raises:
            SettingRefusedError: when a key is missing, mistyped, unknown or out of range.
            NameRefusedError: when a name built from `workload` and `suffix` is one that Azure refuses.
        """
        top = Section("mlops-forecasting:", values)
        found = cls._read(top)
        top.section("usage")  # only the estimate of costs reads it
        top.close()
        return found

    @classmethod
    def _read(cls, top: Section) -> Settings:
        network = NetworkSettings.read(top)
        return cls(
            environment=top.text("environment", r"[a-z][a-z0-9-]{1,15}", "2-16 lower-case letters, digits and dashes"),
            location=top.text("location", r"[a-z]{3,24}\d?", "an Azure region such as westeurope"),
            owner=top.text("owner", r".{1,256}", "1-256 characters"),
            cost_center=top.text("costCenter", r".{1,256}", "1-256 characters"),
            names=names(
                top.text("workload", r"[a-z][a-z0-9-]{2,30}", "3-31 lower-case letters, digits and dashes"),
                top.text("suffix", r"[a-z0-9]{0,8}", "0-8 lower-case letters and digits"),
            ),
            network=network,
            protected=top.flag("protected"),
            allowed_addresses=top.addresses("allowedAddresses"),
            storage=_part(StorageSettings.read, top, "storage"),
            vault=_part(VaultSettings.read, top, "vault"),
            registry=_part(RegistrySettings.read, top, "registry"),
            events=_part(EventSettings.read, top, "events"),
            compute=_part(ComputeSettings.read, top, "compute"),
            cluster=_part(ClusterSettings.read, top, "cluster"),
            telemetry=_part(TelemetrySettings.read, top, "telemetry"),
            operations=_part(OperationsSettings.read, top, "operations"),
            agents=_part(lambda section: AgentSettings.read(section, network), top, "agents"),
        )


def _part[T](read: Callable[[Section], T], top: Section, name: str) -> T:
    section = top.section(name)
    part = read(section)
    section.close()
    return part


def _given(project: str) -> list[str]:
    """Every key of the project that the engine hands over, known or not."""
    told = {*pulumi.runtime.config.CONFIG.get(), *pulumi.runtime.get_config_env()}
    return sorted(key.partition(":")[2] for key in told if key.startswith(f"{project}:"))


def _value(config: pulumi.Config, key: str) -> object:
    """A configuration value: plain keys are text, the others JSON, as the engine hands over structured values."""
    text = config.get(key)
    if text is None or key in PLAIN:
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
