"""The certificate of production's address, asked of a vault by the unmodified client."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import pytest
from azure.identity import DefaultAzureCredential
from cryptography import x509

from contracts.names import CERTIFICATE
from local.environment import client_environment
from local.provider.kinds.key_vault import VAULT
from local.services.keyvault.models import Certificates as Held
from rollout.certificate import Address, CertificateRefusedError, Certificates
from rollout.service import Proof
from tests.local.services.conftest import GROUP, Site, make_site

pytestmark = pytest.mark.flow
ID = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-shop"
ADDRESS = Address.of({"hostname": "forecasts.example.com", "issuer": "Self", "validityMonths": 12})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A vault, and two identities of which one may have certificates issued."""
    made = make_site(tmp_path_factory.mktemp("vault") / "state")
    made.add("Microsoft.KeyVault/vaults", ID, location="westeurope")
    for name in ("id-release", "id-other"):
        ids = {"clientId": f"client-of-{name}", "principalId": f"principal-of-{name}"}
        made.add("Microsoft.ManagedIdentity/userAssignedIdentities", f"{GROUP}/identities/{name}", **ids)
    made.assign("principal-of-id-release", "Key Vault Certificates Officer", ID)
    made.start("identity")
    made.start("keyvault")
    yield made
    made.stop()


def issued(site: Site, monkeypatch: pytest.MonkeyPatch, address: Address = ADDRESS, identity: str = "id-release") -> Proof:
    """What a release gets that runs as an identity."""
    for name, value in client_environment(site.cloud, identity).items():
        monkeypatch.setenv(name, value)
    uri = VAULT.outputs(site.cloud.endpoints, ID, {"properties": {}})["properties"]["vaultUri"]
    with DefaultAzureCredential() as credential:
        return Certificates(vault_url=uri, credential=credential).issued(address)


def versions(site: Site) -> int:
    return len(Held(site.cloud).versions("kv-shop", CERTIFICATE))


def test_a_certificate_is_issued_once_and_again_for_another_name_or_time_alone(site, monkeypatch):
    first, before = issued(site, monkeypatch), versions(site)
    assert first.hostname == "forecasts.example.com"
    assert issued(site, monkeypatch) == first
    assert versions(site) == before
    for number, changed in enumerate((replace(ADDRESS, hostname="sales.example.com"), replace(ADDRESS, months=6)), before + 1):
        assert issued(site, monkeypatch, changed).hostname == changed.hostname
        assert versions(site) == number


def test_the_certificate_is_for_the_name_and_the_time_that_were_asked_for(site, monkeypatch):
    proof = issued(site, monkeypatch, replace(ADDRESS, hostname="a.example.com", months=3))
    made = x509.load_pem_x509_certificate(proof.certificate.encode())
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    assert names == ["a.example.com"]
    life = made.not_valid_after_utc - made.not_valid_before_utc
    assert dt.timedelta(days=89) < life < dt.timedelta(days=93)


def test_an_issuer_that_the_vault_does_not_know_is_refused_by_name(site, monkeypatch):
    before = versions(site)
    with pytest.raises(CertificateRefusedError, match="issuer Unnamed") as refused:
        issued(site, monkeypatch, replace(ADDRESS, issuer="Unnamed"))
    assert "allowed:" in str(refused.value)
    assert versions(site) == before


def test_without_the_role_the_refusal_names_it(site, monkeypatch):
    with pytest.raises(CertificateRefusedError, match="Key Vault Certificates Officer"):
        issued(site, monkeypatch, identity="id-other")
