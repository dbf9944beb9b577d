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

SECTIONS = ("storage", "vault", "registry", "events", "compute", "cluster", "telemetry")
PLAIN = ("environment", "workload", "suffix", "location", "owner", "costCenter", "network")
VM_SIZE = (r"Standard_[A-Za-z0-9_]{2,40}", "a virtual machine size such as Standard_D4ds_v5")


@dataclass(frozen=True, kw_only=True)
class StorageSettings:
    """Replication and keeping times (days) of both storage accounts."""

    sku: str
    infrastructure_encryption: bool
    soft_delete_days: int
    cool_after_days: int
    log_days: int
    dead_letter_days: int

    @classmethod
    def read(cls, section: Section) -> StorageSettings:
        """Read the section `storage`."""
        return cls(
            sku=section.choice("sku", ("Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_GZRS")),
            infrastructure_encryption=section.flag("infrastructureEncryption"),
            soft_delete_days=section.whole("softDeleteDays", 7, 365),
            cool_after_days=section.whole("coolAfterDays", 1, 3650),
            log_days=section.whole("logDays", 30, 3650),
            dead_letter_days=section.whole("deadLetterDays", 7, 3650),
        )


@dataclass(frozen=True, kw_only=True)
class VaultSettings:
    """How long a deleted vault is kept (days), and whether nobody may purge it earlier."""

    purge_protection: bool
    retention_days: int

    @classmethod
    def read(cls, section: Section) -> VaultSettings:
        """Read the section `vault`."""
        return cls(purge_protection=section.flag("purgeProtection"), retention_days=section.whole("retentionDays", 7, 90))


@dataclass(frozen=True, kw_only=True)
class RegistrySettings:
    """Tier of the container registry; only Premium has a firewall."""

    sku: str

    @classmethod
    def read(cls, section: Section) -> RegistrySettings:
        """Read the section `registry`."""
        return cls(sku=section.choice("sku", ("Basic", "Standard", "Premium")))


@dataclass(frozen=True, kw_only=True)
class EventSettings:
    """Throughput units of the namespace; partitions and retention (days) of each hub. Partitions can't change later."""

    throughput_units: int
    partitions: int
    retention_days: int

    @classmethod
    def read(cls, section: Section) -> EventSettings:
        """Read the section `events`."""
        return cls(
            throughput_units=section.whole("throughputUnits", 1, 40),
            partitions=section.whole("partitions", 1, 32),
            retention_days=section.whole("retentionDays", 1, 7),
        )


@dataclass(frozen=True, kw_only=True)
class ComputeSettings:
    """Machine sizes and most nodes of the training clusters; `idle` is the ISO 8601 time after which a node leaves."""

    cpu_size: str
    cpu_max_nodes: int
    gpu_size: str
    gpu_max_nodes: int
    idle: str

    @classmethod
    def read(cls, section: Section) -> ComputeSettings:
        """Read the section `compute`."""
        return cls(
            cpu_size=section.text("cpuSize", *VM_SIZE),
            cpu_max_nodes=section.whole("cpuMaxNodes", 1, 8),
            gpu_size=section.text("gpuSize", *VM_SIZE),
            gpu_max_nodes=section.whole("gpuMaxNodes", 1, 8),
            idle=section.text("idle", r"PT([2-9]|[12]\d|30)M", "PT2M to PT30M"),
        )


@dataclass(frozen=True, kw_only=True)
class ClusterSettings:
    """Tier and node pool of the Kubernetes cluster; host encryption needs the subscription feature EncryptionAtHost."""

    tier: str
    node_size: str
    min_nodes: int
    max_nodes: int
    zones: tuple[str, ...]
    os_disk: str
    host_encryption: bool

    @classmethod
    def read(cls, section: Section) -> ClusterSettings:
        """Read the section `cluster`; `maxNodes` starts at `minNodes`."""
        low = section.whole("minNodes", 1, 10)
        return cls(
            tier=section.choice("tier", ("Free", "Standard", "Premium")),
            node_size=section.text("nodeSize", *VM_SIZE),
            min_nodes=low,
            max_nodes=section.whole("maxNodes", low, 10),
            zones=section.texts("zones", ("1", "2", "3")),
            os_disk=section.choice("osDisk", ("Managed", "Ephemeral")),
            host_encryption=section.flag("hostEncryption"),
        )


@dataclass(frozen=True, kw_only=True)
class TelemetrySettings:
    """How long logs are kept (days) and how much is taken in (gigabytes a day)."""

    retention_days: int
    daily_cap_gb: int

    @classmethod
    def read(cls, section: Section) -> TelemetrySettings:
        """Read the section `telemetry`."""
        return cls(retention_days=section.whole("retentionDays", 30, 730), daily_cap_gb=section.whole("dailyCapGb", 1, 1000))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One environment, checked; components get the part that concerns them."""

    environment: str
    location: str
    owner: str
    cost_center: str
    names: Names
    allowed_addresses: tuple[str, ...]
    storage: StorageSettings
    vault: VaultSettings
    registry: RegistrySettings
    events: EventSettings
    compute: ComputeSettings
    cluster: ClusterSettings
    telemetry: TelemetrySettings

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
        keys = (*PLAIN, "allowedAddresses", *SECTIONS)
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
        # Private endpoints are not declared; a value that closes the doors without them would lock everyone out.
        top.choice("network", ("public",))
        return cls(
            environment=top.text("environment", r"[a-z][a-z0-9-]{1,15}", "2-16 lower-case letters, digits and dashes"),
            location=top.text("location", r"[a-z]{3,24}\d?", "an Azure region such as westeurope"),
            owner=top.text("owner", r".{1,256}", "1-256 characters"),
            cost_center=top.text("costCenter", r".{1,256}", "1-256 characters"),
            names=names(
                top.text("workload", r"[a-z][a-z0-9-]{2,30}", "3-31 lower-case letters, digits and dashes"),
                top.text("suffix", r"[a-z0-9]{0,8}", "0-8 lower-case letters and digits"),
            ),
            allowed_addresses=top.addresses("allowedAddresses"),
            storage=_part(StorageSettings.read, "storage", values),
            vault=_part(VaultSettings.read, "vault", values),
            registry=_part(RegistrySettings.read, "registry", values),
            events=_part(EventSettings.read, "events", values),
            compute=_part(ComputeSettings.read, "compute", values),
            cluster=_part(ClusterSettings.read, "cluster", values),
            telemetry=_part(TelemetrySettings.read, "telemetry", values),
        )


def _part[T](read: Callable[[Section], T], name: str, values: Mapping[str, Any]) -> T:
    section = Section(f"mlops-forecasting:{name}.", values.get(name, {}))
    part = read(section)
    section.close()
    return part


def _value(config: pulumi.Config, key: str) -> object:
    """A configuration value: plain keys are text, the others JSON, as the engine hands over structured values."""
    text = config.get(key)
    if text is None or key in PLAIN:
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
