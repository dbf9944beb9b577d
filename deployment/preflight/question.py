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
        """Ask what the stack's group holds; nothing when there is no group yet.

        Raises:
            AzureUnreadableError: when Azure does not answer or refuses.
        """
        found = subscription.listed(f"/resourceGroups/{settings.names.resource_group}/resources", "2021-04-01")
        standing = frozenset((str(item["type"]).lower(), str(item["name"]).lower()) for item in found)
        return cls(settings=settings, subscription=subscription, standing=standing)
