"""Sections of the stack file, each a checked part of `infra.settings.Settings`."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.section import Section

PUBLIC, PRIVATE = "public", "private"
VM_SIZE = (r"Standard_[A-Za-z0-9_]{2,40}", "a virtual machine size such as Standard_D4ds_v5")


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """Whether services are entered by private endpoints alone, and the address space of the virtual network.

    AKS takes 172.16.0.0/16 and 192.168.0.0/16 for its Services and pods, hence a space in 10.0.0.0/8.
    """

    mode: str
    address_space: str

    @property
    def private(self) -> bool:
        """Services have no public address."""
        return self.mode == PRIVATE

    @classmethod
    def read(cls, top: Section) -> NetworkSettings:
        """Read the keys `network` and `addressSpace`."""
        return cls(
            mode=top.choice("network", (PUBLIC, PRIVATE)),
            address_space=top.private_range("addressSpace", "10.0.0.0/8", 16, 20),
        )


@dataclass(frozen=True, kw_only=True)
class AgentSettings:
    """Where agents inside the network register, their size and most, and the tier of the registry's own, empty in a public stack.

    `service_id` is the object id, in the tenant, of the service DevOpsInfrastructure.
    """

    organisation: str
    service_id: str
    size: str
    most: int
    build_tier: str

    @classmethod
    def read(cls, section: Section, network: NetworkSettings) -> AgentSettings:
        """Read the section `agents`."""
        if not network.private:
            section.without(
                "buildTier", "nothing, unless `network` is private: the registry's shared agents reach a public stack"
            )
        return cls(
            organisation=section.text("organisation", r"https://dev\.azure\.com/[\w-]+", "https://dev.azure.com/ORGANISATION"),
            service_id=section.text("devopsInfrastructureId", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "a GUID"),
            size=section.text("size", *VM_SIZE),
            most=section.whole("most", 1, 20),
            build_tier=section.choice("buildTier", ("S1", "S2", "S3")) if network.private else "",
        )


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
    """How long a deleted vault is kept (days), whether nobody may purge it earlier, and whether a deleted one comes back."""

    purge_protection: bool
    retention_days: int
    recover: bool

    @classmethod
    def read(cls, section: Section) -> VaultSettings:
        """Read the section `vault`."""
        return cls(
            purge_protection=section.flag("purgeProtection"),
            retention_days=section.whole("retentionDays", 7, 90),
            recover=section.flag("recover"),
        )


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
class PoolSettings:
    """Machine size of a node pool, and between how many nodes it scales."""

    size: str
    least: int
    most: int


@dataclass(frozen=True, kw_only=True)
class ClusterSettings:
    """Tier and pools of the Kubernetes cluster; host encryption needs the subscription feature EncryptionAtHost.

    A dedicated system pool runs what belongs to the cluster and nothing else.
    """

    tier: str
    system: PoolSettings
    user: PoolSettings
    dedicated_system_pool: bool
    defender: bool
    zones: tuple[str, ...]
    os_disk: str
    host_encryption: bool

    @classmethod
    def read(cls, section: Section) -> ClusterSettings:
        """Read the section `cluster`; the most nodes of a pool start at its fewest."""
        dedicated = section.flag("dedicatedSystemPool")
        least_system = section.whole("systemMinNodes", 1, 10)
        # Without a pool of its own, what is released runs on the system pool until there is work for another node.
        least_user = section.whole("minNodes", 1 if dedicated else 0, 10)
        return cls(
            tier=section.choice("tier", ("Free", "Standard", "Premium")),
            system=PoolSettings(
                size=section.text("systemSize", *VM_SIZE),
                least=least_system,
                most=section.whole("systemMaxNodes", least_system, 10),
            ),
            user=PoolSettings(
                size=section.text("nodeSize", *VM_SIZE),
                least=least_user,
                most=section.whole("maxNodes", max(least_user, 1), 10),
            ),
            dedicated_system_pool=dedicated,
            defender=section.flag("defender"),
            zones=section.texts("zones", ("1", "2", "3")),
            os_disk=section.choice("osDisk", ("Managed", "Ephemeral")),
            host_encryption=section.flag("hostEncryption"),
        )


@dataclass(frozen=True, kw_only=True)
class TelemetrySettings:
    """How long logs are kept (days), how much is taken in (gigabytes a day), and whether there is a Grafana."""

    retention_days: int
    daily_cap_gb: int
    dashboards: bool

    @classmethod
    def read(cls, section: Section) -> TelemetrySettings:
        """Read the section `telemetry`."""
        return cls(
            retention_days=section.whole("retentionDays", 30, 730),
            daily_cap_gb=section.whole("dailyCapGb", 1, 1000),
            dashboards=section.flag("dashboards"),
        )


@dataclass(frozen=True, kw_only=True)
class OperationsSettings:
    """Who is told when something is wrong, and how much a month may cost, in the subscription's currency."""

    contacts: tuple[str, ...]
    monthly_budget: int

    @classmethod
    def read(cls, section: Section) -> OperationsSettings:
        """Read the section `operations`."""
        return cls(
            contacts=section.mails("contacts"),
            monthly_budget=section.whole("monthlyBudget", 1, 1_000_000),
        )
