"""How much a stack is used in a month: assumptions that its stack file states, since no resource tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contracts.section import Section

KEY = "usage"
MANY = 10_000
LARGE_GB = 10.0**6
VM_SIZE = (r"Standard_[A-Za-z0-9_]{2,40}", "a virtual machine size such as Standard_D4ds_v5")


@dataclass(frozen=True, kw_only=True)
class TrainingUsage:
    """Training runs of a month, and what each needs: minutes of one node, seconds of an image build (2 vCPU)."""

    runs: int
    node_minutes: float
    image_build_seconds: float

    @classmethod
    def read(cls, section: Section) -> TrainingUsage:
        """Read the section `usage.training`."""
        return cls(
            runs=section.whole("runs", 0, MANY),
            node_minutes=section.number("nodeMinutes", 0, MANY),
            image_build_seconds=section.number("imageBuildSeconds", 0, MANY),
        )


@dataclass(frozen=True, kw_only=True)
class PreparationUsage:
    """Runs of the preparing job in a month, and what each needs on its job cluster."""

    runs: int
    node_minutes: float
    node_size: str
    dbu_per_node_hour: float

    @classmethod
    def read(cls, section: Section) -> PreparationUsage:
        """Read the section `usage.preparation`."""
        return cls(
            runs=section.whole("runs", 0, MANY),
            node_minutes=section.number("nodeMinutes", 0, MANY),
            node_size=section.text("nodeSize", *VM_SIZE),
            dbu_per_node_hour=section.number("dbuPerNodeHour", 0, 100),
        )


@dataclass(frozen=True, kw_only=True)
class DataUsage:
    """Gigabytes held or moved in a month; events in thousands."""

    lake_gb: float
    ml_storage_gb: float
    logs_gb: float
    private_gb: float
    outbound_gb: float
    events_thousands: float

    @classmethod
    def read(cls, section: Section) -> DataUsage:
        """Read the section `usage.data`."""
        return cls(
            lake_gb=section.number("lakeGb", 0, LARGE_GB),
            ml_storage_gb=section.number("mlStorageGb", 0, LARGE_GB),
            logs_gb=section.number("logsGb", 0, LARGE_GB),
            private_gb=section.number("privateGb", 0, LARGE_GB),
            outbound_gb=section.number("outboundGb", 0, LARGE_GB),
            events_thousands=section.number("eventsThousands", 0, LARGE_GB),
        )


@dataclass(frozen=True, kw_only=True)
class Usage:
    """One month of 730 hours."""

    training: TrainingUsage
    preparation: PreparationUsage
    data: DataUsage

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Usage:
        """Check the section `usage` of a stack file.

        Raises:
            SettingRefusedError: when a key is missing, unknown, mistyped or out of range.
        """
        top = Section(f"mlops-forecasting:{KEY}.", values)
        training, preparation, data = (top.section(name) for name in ("training", "preparation", "data"))
        found = cls(
            training=TrainingUsage.read(training), preparation=PreparationUsage.read(preparation), data=DataUsage.read(data)
        )
        for section in (top, training, preparation, data):
            section.close()
        return found
