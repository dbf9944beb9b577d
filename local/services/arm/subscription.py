"""What Resource Manager tells of a subscription as a whole; checks before a deployment ask for it.

Source: the REST references of the providers named in the paths (learn.microsoft.com/rest/api).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.provider.kinds import KINDS
from local.services.arm.errors import not_found
from local.services.cloud import Cloud
from local.subscription import Condition, Conditions
from local.tokens import DEPLOYER, SUBSCRIPTION

BASE = "/subscriptions/{subscription}"
PROVIDERS = f"{BASE}/providers"
CORES = 350
"""Quota of every family where no condition says another."""
SIZES = {
    "Standard_D2ds_v5": ("standardDDSv5Family", 2),
    "Standard_D4ds_v5": ("standardDDSv5Family", 4),
    "Standard_D8ds_v5": ("standardDDSv5Family", 8),
    "Standard_NC4as_T4_v3": ("Standard NCASv3_T4 Family", 4),
}
"""Machine sizes of every region here: family and cores."""


def routes(cloud: Cloud) -> list[Route]:
    """All calls."""
    api = SubscriptionApi(cloud)
    read: dict[str, Callable[[Request], Awaitable[Response]]] = {
        "/subscriptions": api.subscriptions,
        f"{BASE}/resourceGroups/{{group}}/resources": api.resources,
        PROVIDERS: api.providers,
        f"{PROVIDERS}/Microsoft.Features/providers/{{provider}}/features/{{feature}}": api.feature,
        f"{PROVIDERS}/Microsoft.Authorization/permissions": api.permissions,
        f"{PROVIDERS}/Microsoft.Compute/skus": api.sizes,
        f"{PROVIDERS}/{{provider}}/locations/{{location}}/usages": api.usages,
        f"{PROVIDERS}/Microsoft.KeyVault/locations/{{location}}/deletedVaults/{{vault}}": api.deleted_vault,
        f"{PROVIDERS}/Microsoft.EventGrid/systemTopics": api.system_topics,
    }
    asked = [f"{PROVIDERS}/{{provider}}/{word}heckNameAvailability" for word in "cC"]
    return [
        *(Route(path, call, methods=["GET"]) for path, call in read.items()),
        *(Route(path, api.name_availability, methods=["POST"]) for path in asked),
    ]


class SubscriptionApi:
    """The calls on the one subscription."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._conditions = Conditions(cloud.store)

    async def subscriptions(self, _: Request) -> Response:
        """The subscriptions that the caller sees."""
        return _listed([{"id": f"/subscriptions/{SUBSCRIPTION}", "subscriptionId": SUBSCRIPTION, "state": "Enabled"}])

    async def resources(self, request: Request) -> Response:
        """What a group holds."""
        group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{request.path_params['group']}"
        if self._cloud.resources.get(group) is None:
            raise not_found(group)
        inside = [item for item in self._cloud.resources.all() if item.id.lower().startswith(f"{group}/".lower())]
        return _listed([{"id": item.id, "name": item.name, "type": item.type} for item in inside])

    async def providers(self, _: Request) -> Response:
        """Resource providers with their registration."""
        known = sorted(
            {kind.arm_type.partition("/")[0] for kind in KINDS.values() if "." in kind.arm_type} | {"Microsoft.Compute"}
        )
        states = {name: self._conditions.get(Condition.REGISTRATION, name) or "Registered" for name in known}
        return _listed([{"namespace": name, "registrationState": state} for name, state in states.items()])

    async def feature(self, request: Request) -> Response:
        """The state of a feature."""
        name = request.path_params["feature"]
        return JSONResponse({"properties": {"state": self._conditions.get(Condition.FEATURE, name) or "Registered"}})

    async def permissions(self, request: Request) -> Response:
        """What the caller may do on the subscription: the deployer everything, others nothing at this scope."""
        everything = request.state.principal.name == DEPLOYER
        return _listed([{"actions": ["*"], "notActions": []}] if everything else [])

    async def sizes(self, _: Request) -> Response:
        """Machine sizes."""
        return _listed(
            [
                {
                    "resourceType": "virtualMachines",
                    "name": name,
                    "family": family,
                    "capabilities": [{"name": "vCPUs", "value": str(cores)}],
                    "restrictions": [],
                }
                for name, (family, cores) in SIZES.items()
            ]
        )

    async def usages(self, request: Request) -> Response:
        """Cores by family; no node is ever made here, so none are used."""
        families = dict.fromkeys(family for family, _ in SIZES.values())
        provider = request.path_params["provider"]
        limits = {family: self._conditions.get(Condition.CORES, f"{provider}/{family}") for family in families}
        return _listed(
            [
                {"name": {"value": family}, "currentValue": 0, "limit": CORES if limit is None else limit, "unit": "Count"}
                for family, limit in limits.items()
            ]
        )

    async def deleted_vault(self, request: Request) -> Response:
        """A vault that was deleted and not purged."""
        found = self._conditions.get(Condition.DELETED_VAULT, request.path_params["vault"])
        if found is None:
            raise not_found(request.url.path)
        return JSONResponse({"id": request.url.path, "name": request.path_params["vault"], "properties": found})

    async def system_topics(self, _: Request) -> Response:
        """System topics of all groups."""
        found = self._cloud.resources.of_type("Microsoft.EventGrid/systemTopics")
        return _listed(
            [{"id": item.id, "name": item.name, "properties": {"source": item.properties["source"]}} for item in found]
        )

    async def name_availability(self, request: Request) -> Response:
        """Whether a name is free; a deleted vault keeps its own."""
        body = await request.json()
        name, kind = str(body["name"]).lower(), str(body["type"]).lower()
        taken = self._conditions.get(Condition.TAKEN, name) or any(
            item.name.lower() == name and item.type.lower() == kind for item in self._cloud.resources.all()
        )
        if not taken:
            return JSONResponse({"nameAvailable": True})
        message = f"The name {body['name']} is already taken."
        return JSONResponse({"nameAvailable": False, "reason": "AlreadyExists", "message": message})


def _listed(items: list[dict[str, Any]]) -> Response:
    return JSONResponse({"value": items})
