"""Where a blob is: account, container and name, and the names that Azure gives the same place."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from local.resources import Resource, Resources
from local.services.blob.errors import BlobError, Code

ACCOUNT = "Microsoft.Storage/storageAccounts"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A blob's address; `account_id` is the storage account's ARM id."""

    account: str
    account_id: str
    container: str
    name: str = ""

    @property
    def container_id(self) -> str:
        """The container's ARM id."""
        return f"{self.account_id}/blobServices/default/containers/{self.container}"

    @property
    def subject(self) -> str:
        """The subject of the blob's events."""
        return f"/blobServices/default/containers/{self.container}/blobs/{self.name}"

    @property
    def url(self) -> str:
        """The blob's address on Azure, which its events carry."""
        return f"https://{self.account}.blob.core.windows.net/{self.container}/{quote(self.name, safe='/=~!()*,;:@&+$')}"

    @property
    def key(self) -> tuple[str, str, str]:
        """The row's key."""
        return self.account, self.container, self.name


def place_of(resources: Resources, path: str) -> Place:
    """The place that a decoded path names, container and blob name empty when the path ends before them.

    Raises:
        BlobError: ResourceNotFound for an account, ContainerNotFound for a container that is no resource.
    """
    account_name, _, rest = path.lstrip("/").partition("/")
    container, _, name = rest.partition("/")
    account = _account(resources, account_name)
    place = Place(account=account.name, account_id=account.id, container=container, name=name)
    if container and resources.get(place.container_id) is None:
        raise BlobError(Code.CONTAINER_NOT_FOUND)
    return place


def _account(resources: Resources, name: str) -> Resource:
    for account in resources.of_type(ACCOUNT):
        if account.name == name:
            return account
    raise BlobError(Code.RESOURCE_NOT_FOUND, f"No storage account {name!r} exists.")
