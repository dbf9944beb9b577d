"""What the provider knows about one kind of resource beyond what the SDK's classes say."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.endpoints import Endpoints
from local.provider import schema
from local.provider.wire import Properties
from local.tokens import SUBSCRIPTION

DEFAULT = "default"
"""Name of resources of which a parent has exactly one; it stands in `Kind.names` between angle brackets."""


@dataclass(frozen=True, kw_only=True)
class NameRule:
    """Names that Azure accepts: the whole pattern, the same in words, and the code of the refusal."""

    pattern: str
    words: str
    code: str = "InvalidResourceName"


type Outputs = Callable[[Endpoints, str, Properties], Properties]
"""What Azure adds to the inputs: (the stack's endpoints, the resource's ARM id, its inputs) -> outputs by engine name."""

type References = Callable[[Properties], list[str]]
"""Ids that have to exist when the resource is made, besides those that stand among the inputs as they are."""


def nothing(_endpoints: Endpoints, _resource_id: str, _inputs: Properties) -> Properties:
    """Outputs of a kind to which Azure adds nothing that the platform reads."""
    return {}


def no_references(_inputs: Properties) -> list[str]:
    """References of a kind whose inputs hold all ids that it needs."""
    return []


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One row of the table of emulated kinds.

    `names` gives, for each segment of the ARM type, the input property that holds its name; `<default>` is a fixed name.
    A change of the group, of a name, of `location` or of a property in `replace` replaces the resource; a change of one in
    `fixed` is refused, as Azure does. Both may be dotted paths.
    """

    sdk_type: str
    arm_type: str
    names: tuple[str, ...]
    rule: NameRule
    outputs: Outputs = nothing
    references: References = no_references
    replace: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    values: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    """Values that the service takes, by dotted path, where the SDK's classes say nothing or something else."""
    extension: str = ""
    """The input that names the resource under which this one lives, instead of in a group of its own."""
    with_parent: bool = False
    """Exists from the moment its parent does; creating it sets it."""
    applied: bool = False
    """Creating what is there changes it, as server-side apply does."""
    one_per_stack: bool = False
    one_at_a_time: bool = False
    """Two of one parent that are written at once: the service refuses the second."""
    addresses: tuple[str, ...] = ()
    """Outputs that lead to a service of this machine: a stack from a time when they led elsewhere is brought up to them."""
    alone_with: tuple[str, ...] = ()
    """Inputs of which no two of one parent have the same values, whatever their names."""

    @property
    def documentation(self) -> str:
        """Address of Azure's reference for the kind."""
        return f"https://learn.microsoft.com/azure/templates/{self.arm_type.lower()}"

    @property
    def name_property(self) -> str:
        """The input that holds the resource's own name; empty for a fixed name."""
        return "" if self.names[-1].startswith("<") else self.names[-1]

    def refusals(self, inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Paths and reasons of what the SDK's classes allow and the service, or this machine, refuses."""
        del inputs
        return []

    def facts(self, resource_id: str) -> Properties:
        """What every resource of Azure says of itself."""
        version = schema.api_version(self.sdk_type)
        return {"name": name_in(resource_id), "type": self.arm_type, "azureApiVersion": version}

    def id_of(self, inputs: Mapping[str, Any]) -> str:
        """The ARM id that these inputs give; they have to hold all names."""
        if self.extension:
            return f"{inputs[self.extension]}/providers/{self.arm_type}/{inputs[self.name_property]}"
        group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{inputs.get('resourceGroupName', '')}"
        if self.arm_type == "Microsoft.Resources/resourceGroups":
            return group
        namespace, *segments = self.arm_type.split("/")
        names = [item.strip("<>") if item.startswith("<") else self._name(inputs, item) for item in self.names]
        pairs = [f"{segment}/{name}" for segment, name in zip(segments, names, strict=True)]
        return "/".join([group, "providers", namespace, *pairs])

    def parent_of(self, resource_id: str) -> str:
        """The ARM id that has to exist first: parent resource, group, or scope; fixed-name levels are skipped."""
        if self.extension:
            return resource_id.rpartition("/providers/")[0]
        levels = len(self.names)
        while levels > 1 and self.names[levels - 2].startswith("<"):
            levels -= 1
        if levels == 1:
            return resource_id.partition("/providers/")[0]
        return "/".join(resource_id.split("/")[: 7 + 2 * (levels - 1)])

    def _name(self, inputs: Mapping[str, Any], name: str) -> str:
        return str(inputs.get(name, DEFAULT) if self.with_parent else inputs[name])


def at(properties: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, or None; in a list, the values of all its items."""
    value: Any = properties
    for step in path.split("."):
        if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
            value = [item.get(step) for item in value]
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value


def uuid_of(resource_id: str, purpose: str) -> str:
    """A stable uuid of a resource: the same after every restart, another for every purpose."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{resource_id.lower()}#{purpose}"))


def name_in(resource_id: str) -> str:
    """The last segment of an ARM id."""
    return resource_id.rpartition("/")[2]


def rule(pair: tuple[str, str], code: str = "InvalidResourceName") -> NameRule:
    """A name rule from `contracts.names.RULES`, so that program and cloud agree."""
    return NameRule(pattern=pair[0], words=pair[1], code=code)


ANY_NAME = NameRule(pattern=r"\S+", words="text without blanks")
ONLY_DEFAULT = NameRule(pattern=re.escape(DEFAULT), words=f"`{DEFAULT}`")
GUID = NameRule(pattern=r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", words="a GUID", code="InvalidRoleAssignmentId")
