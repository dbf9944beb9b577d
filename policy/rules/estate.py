"""All resources of a stack, and which of them refer to which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pulumi_policy import PolicyResource
from pulumi_policy.proxy import UnknownValueError

from .properties import Properties, places, texts
from .tokens import kind_of

STACK = "pulumi:pulumi:Stack"
NAMES = (
    "name",
    "accountName",
    "vaultName",
    "registryName",
    "namespaceName",
    "eventHubName",
    "workspaceName",
    "resourceName",
    "systemTopicName",
    "privateEndpointName",
    "privateZoneName",
    "containerGroupName",
)


OWN_NAMES = {
    "azure-native:eventhub:EventHub": ("eventHubName",),
    "azure-native:eventhub:ConsumerGroup": ("consumerGroupName",),
}
"""For kinds that also hold the names of what they lie in."""


@dataclass(frozen=True)
class Estate:
    """The resources of one stack, as the engine hands them to a policy: outputs, options, dependencies."""

    resources: Sequence[PolicyResource]

    def of(self, *kinds: str) -> list[PolicyResource]:
        """Return the resources of these kinds, whichever API version a program asked for."""
        return [resource for resource in self.resources if kind_of(resource.resource_type) in kinds]

    def referring(self, target: PolicyResource, kinds: Iterable[str], path: str) -> list[PolicyResource]:
        """Return the resources of some kinds whose property names the target."""
        return [one for one in self.of(*kinds) if refers(one, path, target)]


def refers(one: PolicyResource, path: str, target: PolicyResource) -> bool:
    """Tell whether a property of a resource names another one.

    The engine knows from which resource a value came, also while the value itself is unknown. A value that was written
    out refers by the other's name, alone or in an ARM id.
    """
    top = path.partition(".")[0].removesuffix("[]")
    if any(target.urn == known.urn for known in one.property_dependencies.get(top, [])):
        return True
    wanted = azure_name(target)
    found = [text for place in places(one.props, path) for text in texts(place.value)]
    return bool(wanted) and any(wanted in text.split("/") for text in found)


def azure_name(resource: PolicyResource) -> str:
    """Return the name that Azure knows a resource by; empty where a preview can't know it yet."""
    own = OWN_NAMES.get(kind_of(resource.resource_type), NAMES)
    for name in ("name", *own):
        if found := text(resource.props, name):
            return found
    return ""


def missing(resources: Iterable[PolicyResource], wanted: Iterable[str]) -> list[str]:
    """Return the names that no resource has; in a preview, where outputs are unknown, a resource's own name may be it.

    Raises:
        UnknownValueError: a name is missing, and some resource's name is known only after an update.
    """
    unknown: UnknownValueError | None = None
    found: set[str] = set()
    for resource in resources:
        found |= {azure_name(resource), resource.name}
        if not azure_name(resource):
            unknown = unknown or next((place.unknown for place in places(resource.props, "name") if place.unknown), None)
    left = [name for name in wanted if name not in found]
    if left and unknown:
        raise unknown
    return left


def text(properties: Properties, path: str) -> str:
    """Return the text at a path; empty where it is absent, unknown or no text."""
    (place, *_) = places(properties, path) or [None]
    return place.value if place and isinstance(place.value, str) else ""
