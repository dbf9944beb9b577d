"""What the broker asks about its clients, each question with the client's own token: who it is, and whether it may."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.authorize import authorized
from local.services.http import ask

NAMESPACE = "Microsoft.EventHub/namespaces"


async def _login(_: Request) -> Response:
    return JSONResponse({})


async def _may(request: Request) -> Response:
    """Whether the principal may `send`, `receive` or `manage` on a hub, or on the namespace; and whether on all of it."""
    action, resources = f"eventhubs/{request.path_params['action']}", request.state.resources
    namespace = next((found.id for found in resources.of_type(NAMESPACE)), "")
    everywhere = authorized(resources, request.state.principal, action, namespace)
    hub = request.query_params.get("hub")
    ask(request, action, f"{namespace}/eventhubs/{hub}" if hub and not everywhere else namespace)
    return JSONResponse({"everywhere": everywhere})


ROUTES = [Route("/eventhubs/", _login), Route("/eventhubs/{action}", _may)]
