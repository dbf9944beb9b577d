"""How a registry gives its own tokens: an Entra token becomes a refresh token, which becomes an access token.

Source: github.com/Azure/acr, docs/AAD-OAuth.md. Both are tokens of the same principal here, without a scope of their own.
"""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.services.cloud import Cloud
from local.services.registry.errors import RegistryError
from local.tokens import TokenRefusedError

EXCHANGE, TOKEN = "/oauth2/exchange", "/oauth2/token"


def routes(cloud: Cloud) -> list[Route]:
    """The two calls; neither carries a bearer token, both carry one in their form."""

    async def answer(request: Request, given: str, made: str) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        try:
            principal = cloud.tokens.principal(f"Bearer {form.get(given, '')}")
        except TokenRefusedError as error:
            raise RegistryError(401, "UNAUTHORIZED", str(error)) from error
        token, _ = cloud.tokens.issue(principal, form.get("service", ""))
        return JSONResponse({made: token})

    async def exchange(request: Request) -> Response:
        return await answer(request, "access_token", "refresh_token")

    async def token(request: Request) -> Response:
        return await answer(request, "refresh_token", "access_token")

    return [Route(EXCHANGE, exchange, methods=["POST"]), Route(TOKEN, token, methods=["POST"])]
