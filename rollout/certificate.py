"""The certificate of production's address: issued by the platform's vault, which renews it; and what its callers trust."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.keyvault.certificates import (
    CertificateClient,
    CertificateContentType,
    CertificatePolicy,
    CertificatePolicyAction,
    KeyType,
    KeyUsageType,
    LifetimeAction,
    WellKnownIssuerNames,
)

from contracts.errors import FourPartError
from contracts.names import CERTIFICATE
from rollout.service import Proof

KEY_BITS = 2048
RENEW_AT_PERCENT = 80
"""Of its life; "Configure certificate autorotation in Key Vault" (learn.microsoft.com)."""
USAGES = (KeyUsageType.digital_signature, KeyUsageType.key_encipherment)


class CertificateRefusedError(FourPartError):
    """The vault has no certificate for the address, and issues none."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """The name that callers ask for, who signs for it, and for how many months."""

    hostname: str
    issuer: str
    months: int

    @classmethod
    def of(cls, section: Mapping[str, Any]) -> Self:
        """Read the section `address` of the release's stack file, which the release program checks."""
        return cls(hostname=section["hostname"], issuer=section["issuer"], months=section["validityMonths"])

    def policy(self) -> CertificatePolicy:
        """What the vault issues by and renews by itself."""
        return CertificatePolicy(
            issuer_name=self.issuer,
            subject=f"CN={self.hostname}",
            san_dns_names=[self.hostname],
            validity_in_months=self.months,
            key_type=KeyType.rsa,
            key_size=KEY_BITS,
            key_usage=list(USAGES),
            exportable=True,
            reuse_key=False,
            # Pods read key and certificate as one text.
            content_type=CertificateContentType.pem,
            lifetime_actions=[LifetimeAction(CertificatePolicyAction.auto_renew, lifetime_percentage=RENEW_AT_PERCENT)],
        )


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """The certificates of a vault at its address."""

    vault_url: str
    credential: TokenCredential

    def issued(self, address: Address) -> Proof:
        """The certificate of an address; one is issued when there is none, or it is of other terms.

        Raises:
            CertificateRefusedError: when the vault refuses.
        """
        with CertificateClient(self.vault_url, self.credential) as client:
            try:
                if not _stands(client, address):
                    client.begin_create_certificate(CERTIFICATE, address.policy()).result()
            except AzureError as error:
                raise _refused(self.vault_url, address, error) from error
        return self.standing(address)

    def standing(self, address: Address) -> Proof:
        """What callers of an address trust, only looked at.

        Raises:
            CertificateRefusedError: when the vault signs for itself and has no certificate, or does not show it.
        """
        if address.issuer != WellKnownIssuerNames.self:
            return Proof(hostname=address.hostname, certificate="")
        with CertificateClient(self.vault_url, self.credential) as client:
            try:
                content = client.get_certificate(CERTIFICATE).cer
            except AzureError as error:
                raise _refused(self.vault_url, address, error) from error
        return Proof(hostname=address.hostname, certificate=ssl.DER_cert_to_PEM_cert(bytes(content or b"")))


def _stands(client: CertificateClient, address: Address) -> bool:
    try:
        held = client.get_certificate_policy(CERTIFICATE)
        client.get_certificate(CERTIFICATE)
    except ResourceNotFoundError:
        return False
    return (held.issuer_name, held.san_dns_names, held.validity_in_months) == (
        address.issuer,
        [address.hostname],
        address.months,
    )


def _refused(vault_url: str, address: Address, error: AzureError) -> CertificateRefusedError:
    return CertificateRefusedError(
        "The vault issues no certificate for production's address.",
        given=f"{address.hostname}, issuer {address.issuer}, {vault_url}: {' '.join(str(error).split())[:300]}",
        allowed="the role Key Vault Certificates Officer on the vault, and `Self` or an issuer that the vault knows",
        remedy="Run `make bootstrap` for the role; name the issuer in the vault (Certificates, Certificate Authorities) or in `address`.",
    )
