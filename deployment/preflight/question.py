"""What every check is given: the settings, and the subscription with what stands in it."""

from __future__ import annotations

from dataclasses import dataclass

from deployment.preflight.arm import Subscription
from infra.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Question:
    """The settings, the subscription, and what stands in the stack's group already, as (type, name) in lower case."""

    settings: Settings
    subscription: Subscription
    standing: frozenset[tuple[str, str]]

    def stands(self, kind: str, name: str) -> bool:
        """Whether the stack's group holds this resource."""
        return (kind.lower(), name.lower()) in self.standing

    @classmethod
    def of(cls, settings: Settings, subscription: Subscription) -> Question:
        """Ask what the stack's groups hold; nothing when there are none yet.

        Raises:
            AzureUnreadableError: when Azure does not answer or refuses.
        """
        groups = (settings.names.resource_group, settings.names.databricks_group)
        found = [item for group in groups for item in subscription.listed(f"/resourceGroups/{group}/resources", "2021-04-01")]
        standing = frozenset((str(item["type"]).lower(), str(item["name"]).lower()) for item in found)
        return cls(settings=settings, subscription=subscription, standing=standing)
