"""Resource Manager's part: makes, changes and removes resources in the stack's table, with what depends on them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from local.endpoints import Endpoints
from local.provider import errors, schema, vaults
from local.provider.kinds import Kind
from local.provider.kinds.cluster import PREFIX
from local.provider.kinds.event_hubs import HUB
from local.provider.kinds.key_vault import VAULT
from local.provider.kinds.kind import at, name_in, uuid_of
from local.provider.references import exists, named
from local.provider.wire import Properties
from local.resources import Resource, Resources
from local.services.eventhubs.topics import create_topic, delete_topic
from local.subscription import Conditions
from local.tokens import TENANT

GROUP_LEVEL = 5
"""Parts of a resource group's id when split at `/`."""
WRITING_SECONDS = 0.2
"""How long a write of a kind takes of which Azure takes one at a time; long enough for the engine to begin its next."""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The stack's resources and the addresses that go into their outputs."""

    resources: Resources
    endpoints: Endpoints
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _written: set[str] = field(default_factory=set, repr=False)

    def create(self, kind: Kind, inputs: Properties) -> Resource:
        """Make a resource.

        Raises:
            ArmError: when its group, parent or a resource it names is missing, or it is there already; or when another one of
                its parent is being written and the service takes one at a time.
        """
        resource_id = kind.id_of(inputs)
        with self._alone(kind, resource_id), self._lock:
            self._require_parent(kind, resource_id)
            if not kind.with_parent and not kind.applied and self.resources.get(resource_id) is not None:
                raise errors.already_exists(resource_id)
            if kind.one_per_stack and (there := self.resources.of_type(kind.arm_type)):
                raise errors.one_per_stack(kind.arm_type, there[0].id)
            if kind is VAULT:
                vaults.admit(self._conditions, inputs)
            made = self._put(kind, resource_id, inputs)
            if kind is VAULT:
                vaults.recovered(self._conditions, made.name)
            return made

    def update(self, kind: Kind, resource_id: str, olds: Properties, inputs: Properties) -> Resource:
        """Change a resource.

        Raises:
            ArmError: when it or a resource it names is missing, or a property that is fixed would change.
        """
        if self.resources.get(resource_id) is None:
            raise errors.resource_not_found(resource_id)
        for path in kind.fixed:
            if at(olds, path) != at(inputs, path):
                raise errors.change_refused(path)
        with self._alone(kind, resource_id), self._lock:
            return self._put(kind, resource_id, inputs)

    def delete(self, resource_id: str) -> None:
        """Remove a resource and all below it; what is not there is gone already."""
        below = f"{resource_id}/".lower()
        for resource in reversed(self.resources.all()):
            if f"{resource.id}/".lower().startswith(below):
                if resource.type == HUB.arm_type:
                    delete_topic(self.resources.store.root, resource.name)
                if resource.type == VAULT.arm_type:
                    vaults.keep(self._conditions, resource)
                self.resources.delete(resource.id)

    @contextmanager
    def _alone(self, kind: Kind, resource_id: str) -> Iterator[None]:
        """Hold the parent for the time of a write, for kinds of which the service takes one at a time."""
        if not kind.one_at_a_time:
            yield
            return
        parent = kind.parent_of(resource_id)
        with self._lock:
            if parent in self._written:
                raise errors.written_at_once(parent)
            self._written.add(parent)
        try:
            time.sleep(WRITING_SECONDS)
            yield
        finally:
            self._written.discard(parent)

    @property
    def _conditions(self) -> Conditions:
        return Conditions(self.resources.store)

    def _put(self, kind: Kind, resource_id: str, inputs: Properties) -> Resource:
        for reference in [*kind.references(inputs), *named(inputs)]:
            if not exists(self.resources, reference):
                raise errors.resource_not_found(reference)
        self._require_alone(kind, resource_id, inputs)
        properties = self._outputs(kind, resource_id, inputs)
        resource = Resource(id=resource_id, type=kind.arm_type, name=name_in(resource_id), properties=properties)
        if kind is HUB:
            create_topic(self.resources.store.root, resource.name, properties["partitionCount"])
        self.resources.put(resource)
        return resource

    def moved(self, kind: Kind, resource_id: str, olds: Properties, inputs: Properties) -> frozenset[str]:
        """Top-level names of the addresses that would be others now."""
        if not kind.addresses:
            return frozenset()
        made = kind.outputs(self.endpoints, resource_id, inputs)
        return frozenset(path.partition(".")[0] for path in kind.addresses if at(olds, path) not in {None, at(made, path)})

    def _require_alone(self, kind: Kind, resource_id: str, inputs: Properties) -> None:
        """Refuse what is there under another name."""
        parent = kind.parent_of(resource_id).lower()
        others = self.resources.of_type(kind.arm_type) if kind.alone_with else []
        for other in others:
            beside = other.id.lower() != resource_id.lower() and kind.parent_of(other.id).lower() == parent
            if beside and all(at(other.properties, path) == at(inputs, path) for path in kind.alone_with):
                raise errors.same_already(kind.arm_type)

    def _outputs(self, kind: Kind, resource_id: str, inputs: Properties) -> Properties:
        given = {**inputs, **self._location(kind, resource_id, inputs)}
        identity = {"identity": self._identity(resource_id, given["identity"])} if given.get("identity") else {}
        return {**given, **identity, **kind.facts(resource_id), **kind.outputs(self.endpoints, resource_id, given)}

    def _location(self, kind: Kind, resource_id: str, inputs: Properties) -> Properties:
        """A resource without a location gets its group's, as the azure-native provider does."""
        if "location" not in schema.inputs(kind.sdk_type) or inputs.get("location"):
            return {}
        group = self.resources.get("/".join(resource_id.split("/")[:GROUP_LEVEL]))
        return {"location": group.properties["location"]} if group is not None and "location" in group.properties else {}

    def _identity(self, resource_id: str, given: Mapping[str, Any]) -> Properties:
        """The identity with its principal; user-assigned ones come as a list and become a map."""
        own: Properties = {}
        if "SystemAssigned" in str(given.get("type", "")):
            own = {"principalId": uuid_of(resource_id, "principal"), "tenantId": TENANT}
        held = {reference: self._require(reference).properties for reference in given.get("userAssignedIdentities") or []}
        users = {name: {"clientId": item["clientId"], "principalId": item["principalId"]} for name, item in held.items()}
        return {**given, **own, **({"userAssignedIdentities": users} if users else {})}

    def _require_parent(self, kind: Kind, resource_id: str) -> None:
        parent = kind.parent_of(resource_id)
        parts = parent.split("/")
        if parent.startswith(PREFIX):
            if self.resources.get(parent) is None:
                raise errors.namespace_not_found(parts[-1])
            return
        if len(parts) < GROUP_LEVEL or kind.arm_type == "Microsoft.Resources/resourceGroups":
            return
        if self.resources.get("/".join(parts[:GROUP_LEVEL])) is None:
            raise errors.group_not_found(parts[GROUP_LEVEL - 1])
        if not exists(self.resources, parent):
            raise errors.resource_not_found(parent) if kind.extension else errors.parent_not_found(kind.arm_type, parent)

    def _require(self, resource_id: str) -> Resource:
        found = self.resources.get(resource_id)
        if found is None:
            raise errors.resource_not_found(resource_id)
        return found
