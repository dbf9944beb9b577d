"""Where Resource Manager is in this cloud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from azure.core import PipelineClient
from azure.core.exceptions import AzureError
from azure.core.pipeline.policies import RetryPolicy
from azure.core.rest import HttpRequest, HttpResponse

from contracts.errors import FourPartError

METADATA = "ARM_CLOUD_METADATA_URL"
PUBLIC = "https://management.azure.com"


class CloudUnknownError(FourPartError):
    """The document that tells a cloud's addresses can't be used."""


def manager(environment: Mapping[str, str]) -> str:
    """The address of Resource Manager without a final slash: by the document of `ARM_CLOUD_METADATA_URL`, else public Azure's.

    The document of public Azure lists the other clouds too, so the address at the document's own host counts.

    Raises:
        CloudUnknownError: when there is no such document, or it names no such address.
    """
    url = environment.get(METADATA, "")
    if not url:
        return PUBLIC
    told = _document(url)
    found = [cloud.get("resourceManager") for cloud in (told if isinstance(told, list) else [told])]
    for address in found:
        if isinstance(address, str) and urlsplit(address)[:2] == ("https", urlsplit(url).netloc):
            return address.rstrip("/")
    raise _unknown(f"{url} names {found}")


def _document(url: str) -> Any:
    with plain() as client:
        try:
            answer = client.send_request(HttpRequest("GET", url))
            answer.raise_for_status()
            return answer.json()
        except (AzureError, ValueError) as error:
            raise _unknown(f"{url}: {error}") from error


def plain() -> PipelineClient[HttpRequest, HttpResponse]:
    """A client without a login, for open documents and for addresses that carry their own permission; it waits when told to."""
    return PipelineClient("", per_call_policies=[RetryPolicy()])


def _unknown(given: str) -> CloudUnknownError:
    return CloudUnknownError(
        "The addresses of this cloud can't be told.",
        given=given,
        allowed="a JSON document with `resourceManager` at its own host over https",
        remedy=f"Correct {METADATA}, or unset it for public Azure.",
    )
