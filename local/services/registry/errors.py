"""How a registry refuses: the `errors` list of the OCI distribution specification (1.1, "Error Codes")."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from local.services.http import ForbiddenError, ServiceError


class RegistryError(ServiceError):
    """A request that the registry refuses, with a code of the specification."""


def form(error: ServiceError, *, login: str) -> Response:
    """The error as a registry writes it; who shows no token, or one without a role, is told where to get one."""
    if error.status != 401 and not isinstance(error, ForbiddenError):  # noqa: PLR2004 - "unauthorized"
        return JSONResponse({"errors": [{"code": error.code, "message": error.message}]}, error.status)
    message = "authentication required, visit https://aka.ms/acr/authorization for more information."
    challenge = f'Bearer realm="https://{login}/oauth2/token",service="{login}",scope="registry:catalog:*"'
    told = {"errors": [{"code": "UNAUTHORIZED", "message": message}]}
    return JSONResponse(told, 401, headers={"WWW-Authenticate": challenge})


def name_unknown(repository: str) -> RegistryError:
    """No repository of this name."""
    return RegistryError(404, "NAME_UNKNOWN", f"repository name not known to registry: {repository}")


def manifest_unknown(reference: str) -> RegistryError:
    """No manifest by this tag or digest."""
    return RegistryError(404, "MANIFEST_UNKNOWN", f"manifest tagged by {reference!r} is not found")


def blob_unknown(digest: str) -> RegistryError:
    """No blob of this digest."""
    return RegistryError(404, "BLOB_UNKNOWN", f"blob unknown to registry: {digest}")


def blob_missing(digest: str) -> RegistryError:
    """A manifest that names a blob which was not uploaded."""
    return RegistryError(404, "MANIFEST_BLOB_UNKNOWN", f"manifest references a blob unknown to registry: {digest}")


def digest_invalid(given: str) -> RegistryError:
    """Content that is not what its digest says."""
    return RegistryError(400, "DIGEST_INVALID", f"provided digest did not match uploaded content: {given}")


def manifest_invalid(reason: str) -> RegistryError:
    """A manifest that is none."""
    return RegistryError(400, "MANIFEST_INVALID", reason)


def upload_unknown() -> RegistryError:
    """No upload of this id, or it has ended."""
    return RegistryError(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")


def name_invalid(name: str) -> RegistryError:
    """A repository or tag name that the specification does not allow."""
    return RegistryError(400, "NAME_INVALID", f"invalid repository or tag name: {name}")


def unsupported(what: str) -> RegistryError:
    """An operation that is not emulated."""
    return RegistryError(405, "UNSUPPORTED", f"The operation is not emulated here: {what}")
