"""Key and certificate by name from the platform's vault, for a container that can't be given a volume with them.

A container group of Container Instances has volumes, but no driver that fills them from a vault; its identity reads it instead.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from azure.core import PipelineClient
from azure.core.exceptions import AzureError
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, RetryPolicy, UserAgentPolicy
from azure.core.rest import HttpRequest
from azure.identity import DefaultAzureCredential

from contracts.errors import FourPartError

SCOPE, API_VERSION = "https://vault.azure.net/.default", "7.5"


class SecretMissingError(FourPartError):
    """The vault does not give what the service proves its name by."""


@dataclass(frozen=True, kw_only=True)
class VaultSecret:
    """A secret of a vault at its address, read as the identity of this container, and the seconds between two looks at it."""

    url: str
    seconds: float

    def kept(self) -> Path:
        """A file that this process alone reads, with the newest version of the secret in it from now on.

        Raises:
            SecretMissingError: when the vault does not answer, or refuses.
        """
        file = Path(tempfile.mkdtemp(prefix="tls-")) / "scoring.pem"
        try:
            _write(file, self._read())
        except (AzureError, KeyError, ValueError) as error:
            raise SecretMissingError(
                "The vault does not give what the service proves its name by.",
                given=f"TLS_URL {self.url}: {' '.join(str(error).split())[:300]}",
                allowed="a certificate of the vault, which this container's identity may read as a secret",
                remedy="Give the identity `scoring` the role Key Vault Secrets User (infra/roles.py); a release has the certificate issued.",
            ) from error
        threading.Thread(target=self._follow, args=(file,), name="vault", daemon=True).start()
        return file

    def _follow(self, file: Path) -> None:
        while True:
            time.sleep(self.seconds)
            try:
                _write(file, self._read())
            except (AzureError, KeyError, ValueError) as error:
                # What was read before goes on.
                sys.stderr.write(f"secret {self.url} can't be read: {' '.join(str(error).split())[:300]}\n")

    def _read(self) -> str:
        with DefaultAzureCredential() as credential:
            policies = [
                UserAgentPolicy("mlops-forecasting-scoring"),
                RetryPolicy(),
                BearerTokenCredentialPolicy(credential, SCOPE),
            ]
            with PipelineClient(self.url, policies=policies) as client:
                answer = client.send_request(HttpRequest("GET", self.url, params={"api-version": API_VERSION}))
                answer.raise_for_status()
                return str(answer.json()["value"])


def _write(file: Path, content: str) -> None:
    """Whole or not at all, for the owner alone."""
    draft = file.with_suffix(".draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(content)
    draft.replace(file)
