"""What an image in the registry says of itself, read by digest and checked against it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from azure.containerregistry import ContainerRegistryClient, DigestValidationError
from azure.core.credentials import TokenCredential
from azure.core.exceptions import ResourceNotFoundError

from contracts.errors import FourPartError
from contracts.images import Built, Label

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class ImageMissingError(FourPartError):
    """There is no such image, or it is not what its digest says."""


class LabelsMissingError(FourPartError):
    """An image that does not say which model is inside."""


@dataclass(frozen=True, kw_only=True)
class Images:
    """The images of one registry."""

    login_server: str
    credential: TokenCredential

    def labels(self, repository: str, digest: str) -> Mapping[str, str]:
        """The labels of an image.

        Raises:
            ImageMissingError: when the registry has no image of this digest.
        """
        with ContainerRegistryClient(f"https://{self.login_server}", self.credential) as client:
            try:
                found = client.get_manifest(repository, digest)
                config = (found.manifest or {}).get("config")
                if found.media_type not in {OCI_MANIFEST, DOCKER_MANIFEST} or not isinstance(config, Mapping):
                    raise _missing(repository, digest, f"a manifest of type {found.media_type}")
                blob = client.download_blob(repository, str(config["digest"]))
                labels = json.loads(b"".join(blob)).get("config", {}).get("Labels")
            except (ResourceNotFoundError, DigestValidationError) as error:
                raise _missing(repository, digest, error.message or type(error).__name__) from error
        return {str(name): str(value) for name, value in (labels or {}).items()}

    def built(self, repository: str, digest: str) -> Built:
        """What is in an image.

        Raises:
            ImageMissingError: when the registry has no image of this digest.
            LabelsMissingError: when a label is missing.
        """
        labels = self.labels(repository, digest)
        try:
            return Built.of(labels)
        except KeyError as error:
            raise LabelsMissingError(
                "The image does not say which model is inside.",
                given=f"{repository}@{digest} without the label {error.args[0]}",
                allowed=f"an image with the labels {', '.join(Label)}",
                remedy="Release an image that the training step `package` built.",
            ) from error


def _missing(repository: str, digest: str, said: str) -> ImageMissingError:
    return ImageMissingError(
        "The registry has no such image.",
        given=f"{repository}@{digest}: {said}",
        allowed="the digest of an image that was pushed and not deleted since",
        remedy="Name the digest of an ImagePushed event, or train again to build one.",
    )
