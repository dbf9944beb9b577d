"""Key Vault's error codes and texts, in its own form.

Sources: learn.microsoft.com, key-vault/general/rest-error-codes; refusals by role as Azure's users quote them.
"""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from local.authorize import operation
from local.services.http import ServiceError
from local.tokens import TENANT, Principal

_HELP = "For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182"


class VaultError(ServiceError):
    """A request that a vault refuses."""


class ForbiddenByRbacError(VaultError):
    """No role gives the principal this on the vault."""


def form(error: ServiceError, *, resource: str) -> Response:
    """The error as Key Vault writes it; who shows no token is told for which resource to get one."""
    told = {"code": error.code, "message": error.message}
    if error.status == 401:  # noqa: PLR2004 - the gate knows no service's own words
        message = f"AKV10000: Request is missing a Bearer or PoP token. {error.message}"
        challenge = f'Bearer authorization="https://login.microsoftonline.com/{TENANT}", resource="{resource}"'
        headers = {"WWW-Authenticate": challenge}
        return JSONResponse({"error": {"code": "Unauthorized", "message": message}}, 401, headers=headers)
    inner = {"innererror": {"code": "ForbiddenByRbac"}} if isinstance(error, ForbiddenByRbacError) else {}
    return JSONResponse({"error": {**told, **inner}}, error.status)


def forbidden(principal: Principal, action: str, scope: str, location: str) -> VaultError:
    """A principal without the role."""
    vault = scope.split("/")[8]
    lines = (
        "Caller is not authorized to perform action on resource.",
        "If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.",
        f"Caller: appid={principal.client_id};oid={principal.object_id};iss=https://sts.windows.net/{TENANT}/",
        f"Action: '{operation(action)}'",
        f"Resource: '{scope.lower()}'",
        "Assignment: (not found)",
        "DenyAssignmentId: null",
        "DecisionReason: 'DeniedWithNoValidRBAC' ",
        f"Vault: {vault};location={location}\r\n",
    )
    return ForbiddenByRbacError(403, "Forbidden", "\r\n".join(lines))


def not_found(kind: str, name: str) -> VaultError:
    """No `certificate` or `secret` of this name or version."""
    text = (
        f"A {kind} with (name/id) {name} was not found in this key vault. If you recently deleted this {kind} you may be able to"
    )
    return VaultError(404, f"{kind.capitalize()}NotFound", f"{text} recover it using the correct recovery command. {_HELP}")


def vault_unknown(name: str) -> VaultError:
    """No vault of this name stands; on Azure the name does not resolve."""
    return VaultError(404, "VaultNotFound", f"There is no key vault '{name}' on this stack.")


def invalid(reason: str) -> VaultError:
    """A request whose content is refused."""
    return VaultError(400, "BadParameter", reason)


def not_emulated(what: str) -> VaultError:
    """Something that Key Vault has and this service has not; refused by name rather than ignored."""
    return VaultError(501, "NotImplemented", f"The local cloud does not emulate {what}.")
