"""The container registry as a target: reads what an image says of itself, by digest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from azure.containerregistry import ContainerRegistryClient
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.rest import HttpResponse

from events.errors import PoisonError, RetryableError
from events.targets.rest import refused_for_good, seconds

SCOPE = "https://containerregistry.azure.net/.default"
"""Token scope of container registries, the same in every tenant; the client's own default."""

# The handler's own retries wait longer, and hold nothing else up.
_CALLS: dict[str, Any] = {"retry_total": 0, "connection_timeout": 10, "read_timeout": 20}
_CONFIGURATIONS = frozenset({"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"})
_MAX_BYTES = 1 << 20


class Registry:
    """One registry, reached as this process's identity.

    Source: azure-containerregistry over the OCI distribution specification, `manifests` and `blobs`.
    """

    def __init__(self, login_server: str, credential: TokenCredential) -> None:
        self._login_server = login_server
        self._credential = credential
        # Its own `close` leaves the connections open over which it exchanges tokens.
        self._open = ExitStack()
        self._client = self._open.enter_context(ContainerRegistryClient(f"https://{login_server}", credential, **_CALLS))

    def close(self) -> None:
        """Close the connections."""
        self._open.close()

    def labels(self, repository: str, digest: str) -> Mapping[str, str] | None:
        """Read an image's labels; None for an artifact (signature, chart, bill of materials) with an image's manifest.

        The client checks both documents against their digests.

        Raises:
            RetryableError: when the image is not there, or the registry does not answer or asks to wait.
            PoisonError: when the registry refuses the request for good, or the image's configuration is no configuration.
        """
        self._log_in()
        with _faults(f"image {self._login_server}/{repository}@{digest}"):
            described = _part(self._client.get_manifest(repository, digest).manifest, "config")
            if described.get("mediaType") not in _CONFIGURATIONS:
                return None
            configuration = json.loads(self._blob(repository, str(described.get("digest"))))
        labels = _part(_part(configuration, "config"), "Labels")
        return {str(name): str(value) for name, value in labels.items()}

    def _log_in(self) -> None:
        """Get the token that the client gets again from the cache: later its fault would look like the registry's own."""
        try:
            self._credential.get_token(SCOPE)
        except AzureError as error:
            msg = f"no token for the registry: {error}"
            raise RetryableError(msg) from error

    def _blob(self, repository: str, digest: str) -> bytes:
        content = bytearray()
        for chunk in self._client.download_blob(repository, digest):
            content += chunk
            if len(content) > _MAX_BYTES:
                msg = f"the configuration {digest} in {repository} has more than {_MAX_BYTES} bytes"
                raise PoisonError(msg)
        return bytes(content)


def _part(document: Any, name: str) -> dict[str, Any]:
    """An object inside a document; empty where there is none."""
    part = document.get(name) if isinstance(document, dict) else None
    return part if isinstance(part, dict) else {}


def _text(error: HttpResponseError) -> str:
    """The registry's own words, which the client leaves unread."""
    if not isinstance(error.response, HttpResponse):
        return error.message
    with suppress(AzureError):
        error.response.read()
        return error.response.text()[:300]
    return error.message


@contextmanager
def _faults(what: str) -> Iterator[None]:
    """Tell the client's faults apart: those for good, and those that may pass."""
    try:
        yield
    except HttpResponseError as error:
        said = f"{what}: the registry answered {error.status_code}: {_text(error)}"
        if refused_for_good(error.status_code or 0):
            raise PoisonError(said) from error
        headers = getattr(error.response, "headers", {})
        raise RetryableError(said, after=seconds(headers.get("Retry-After", ""))) from error
    # The last is how the client meets an answer without the headers it counts on.
    except (AzureError, ValueError, KeyError) as error:
        msg = f"{what} can't be read: {type(error).__name__}: {error}"
        raise RetryableError(msg) from error
