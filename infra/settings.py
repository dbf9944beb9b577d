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

SECTIONS = ("storage", "vault", "registry", "events", "compute", "cluster", "telemetry", "operations", "agents")
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
    agents: AgentSettings | None
    """None in a public stack, which hosted agents reach."""

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
        keys = (*PLAIN, "allowedAddresses", "protected", *SECTIONS)
        try:
            return cls.of({key: value for key in keys if (value := _value(config, key)) is not None})
        except FourPartError as error:
            raise pulumi.RunError(str(error)) from error

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Settings:
        """Check the values of a stack file, keys without the project's name.

        Raises:
            SettingRefusedError: when a key is missing, mistyped or out of range.
            NameRefusedError: when a name built from `workload` and `suffix` is one that Azure refuses.
        """
        top = Section("mlops-forecasting:", values)
        return cls(
            environment=top.text("environment", r"[a-z][a-z0-9-]{1,15}", "2-16 lower-case letters, digits and dashes"),
            location=top.text("location", r"[a-z]{3,24}\d?", "an Azure region such as westeurope"),
            owner=top.text("owner", r".{1,256}", "1-256 characters"),
            cost_center=top.text("costCenter", r".{1,256}", "1-256 characters"),
            names=names(
                top.text("workload", r"[a-z][a-z0-9-]{2,30}", "3-31 lower-case letters, digits and dashes"),
                top.text("suffix", r"[a-z0-9]{0,8}", "0-8 lower-case letters and digits"),
            ),
            network=NetworkSettings.read(top),
            protected=top.flag("protected"),
            allowed_addresses=top.addresses("allowedAddresses"),
            storage=_part(StorageSettings.read, "storage", values),
            vault=_part(VaultSettings.read, "vault", values),
            registry=_part(RegistrySettings.read, "registry", values),
            events=_part(EventSettings.read, "events", values),
            compute=_part(ComputeSettings.read, "compute", values),
            cluster=_part(ClusterSettings.read, "cluster", values),
            telemetry=_part(TelemetrySettings.read, "telemetry", values),
            operations=_part(OperationsSettings.read, "operations", values),
            agents=_agents(NetworkSettings.read(top), top, values),
        )


def _part[T](read: Callable[[Section], T], name: str, values: Mapping[str, Any]) -> T:
    section = Section(f"mlops-forecasting:{name}.", values.get(name, {}))
    part = read(section)
    section.close()
    return part


def _agents(network: NetworkSettings, top: Section, values: Mapping[str, Any]) -> AgentSettings | None:
    if network.private:
        return _part(AgentSettings.read, "agents", values)
    top.without("agents", "nothing, unless `network` is private: hosted agents reach a public stack")
    return None


def _value(config: pulumi.Config, key: str) -> object:
    """A configuration value: plain keys are text, the others JSON, as the engine hands over structured values."""
    text = config.get(key)
    if text is None or key in PLAIN:
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
