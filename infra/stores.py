"""What keeps things: lake, storage of machine learning, images, secrets, events; each is entered by roles alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from infra.components.bus import Bus, BusArgs
from infra.components.lake import Lake, LakeArgs
from infra.components.ml_storage import MlStorage, MlStorageArgs
from infra.components.registry import Registry, RegistryArgs
from infra.components.vault import Vault, VaultArgs
from infra.parts import Part
from infra.placement import Exports, Placement
from infra.roles import Scope
from infra.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Stores:
    """The five stores of a stack."""

    lake: Lake
    ml_storage: MlStorage
    registry: Registry
    vault: Vault
    bus: Bus

    @classmethod
    def declare(cls, placement: Placement, settings: Settings) -> Stores:
        """Declare all five at a place."""
        return cls(
            lake=Lake("lake", LakeArgs(placement=placement, settings=settings.storage)),
            ml_storage=MlStorage("ml-storage", MlStorageArgs(placement=placement, settings=settings.storage)),
            registry=Registry("registry", RegistryArgs(placement=placement, settings=settings.registry)),
            vault=Vault("vault", VaultArgs(placement=placement, settings=settings.vault)),
            bus=Bus("bus", BusArgs(placement=placement, settings=settings.events)),
        )

    @property
    def ids(self) -> Mapping[Part, pulumi.Output[str]]:
        """ARM id of each."""
        return {
            Part.LAKE: self.lake.id,
            Part.ML_STORAGE: self.ml_storage.id,
            Part.REGISTRY: self.registry.id,
            Part.VAULT: self.vault.id,
            Part.BUS: self.bus.id,
        }

    @property
    def scopes(self) -> Mapping[Scope, pulumi.Output[str]]:
        """ARM ids of what roles are given on."""
        every = (self.lake, self.ml_storage, self.registry, self.vault, self.bus)
        return {scope: found for store in every for scope, found in store.scopes.items()}

    @property
    def exports(self) -> Exports:
        """Names and addresses for the stack's outputs."""
        every = (self.lake, self.ml_storage, self.registry, self.vault, self.bus)
        return {field: value for store in every for field, value in store.exports.items()}
