"""Certificates of a vault, made and read by the unmodified client as identities of the stack."""

import datetime as dt
import ssl
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential
from azure.keyvault.certificates import (
    CertificateClient,
    CertificateContentType,
    CertificatePolicy,
    KeyCurveName,
    KeyType,
    WellKnownIssuerNames,
)
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from local.provider.kinds.key_vault import VAULT
from local.services.identity.models import principal_of
from tests.local.services.conftest import GROUP, Site, make_site

pytestmark = pytest.mark.flow
ID = f"{GROUP}/providers/Microsoft.KeyVault/vaults"


@dataclass
class Vaults:
    """A site whose vaults answer, and this process as a client of them."""

    site: Site
    become: Callable[[str], None]

    def uri(self, name: str = "kv-shop") -> str:
        return str(VAULT.outputs(self.site.cloud.endpoints, f"{ID}/{name}", {"properties": {}})["properties"]["vaultUri"])

    @contextmanager
    def client(self, identity: str = "id-release", vault: str = "kv-shop") -> Iterator[CertificateClient]:
        self.become(identity)
        with DefaultAzureCredential() as login, CertificateClient(self.uri(vault), login) as client:
            yield client

    def create(self, name: str, **more: Any) -> Any:
        with self.client() as client:
            return client.begin_create_certificate(name, policy(**more)).result()

    def ask(self, path: str, identity: str) -> httpx.Response:
        token, _ = self.site.cloud.tokens.issue(principal_of(self.site.cloud.resources, identity, None), "")
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.get(self.uri() + path, headers=headers, verify=self.site.tls)


def policy(**more: Any) -> CertificatePolicy:
    told: dict[str, Any] = {
        "issuer_name": WellKnownIssuerNames.self,
        "subject": "CN=forecast.shop",
        "san_dns_names": ["forecast.shop", "localhost"],
        "san_ip_addresses": ["127.9.9.9"],
        "content_type": CertificateContentType.pem,
        "validity_in_months": 6,
    }
    return CertificatePolicy(**(told | more))


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = make_site(tmp_path_factory.mktemp("vaults") / "state")
    for name in ("kv-shop", "kv-other"):
        site.add("Microsoft.KeyVault/vaults", f"{ID}/{name}", location="westeurope")
    for name, role in {"id-release": "Key Vault Certificates Officer", "id-pod": "Key Vault Secrets User"}.items():
        ids = {"clientId": f"client-of-{name}", "principalId": f"principal-of-{name}"}
        site.add("Microsoft.ManagedIdentity/userAssignedIdentities", f"{GROUP}/identities/{name}", **ids)
        site.assign(f"principal-of-{name}", role, f"{ID}/kv-shop")
    site.assign("principal-of-id-release", "Key Vault Certificates Officer", f"{ID}/kv-other")
    site.start("identity")
    site.start("keyvault")
    yield site
    site.stop()


@pytest.fixture
def vaults(standing: Site, monkeypatch: pytest.MonkeyPatch) -> Vaults:
    def become(identity: str) -> None:
        for name, value in standing.environment(identity).items():
            monkeypatch.setenv(name, value)

    return Vaults(standing, become)


def test_a_certificate_is_made_as_its_policy_says_and_signed_by_itself(vaults: Vaults) -> None:
    made = vaults.create("made", key_size=3072, key_usage=["digitalSignature"])
    certificate = x509.load_der_x509_certificate(bytes(made.cer))
    certificate.verify_directly_issued_by(certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert (certificate.subject.rfc4514_string(), key.key_size) == ("CN=forecast.shop", 3072)
    assert names.get_values_for_type(x509.DNSName) == ["forecast.shop", "localhost"]
    assert [str(item) for item in names.get_values_for_type(x509.IPAddress)] == ["127.9.9.9"]
    assert (usage.digital_signature, usage.key_encipherment) == (True, False)
    months = (made.properties.expires_on.year - dt.date.today().year) * 12 + made.properties.expires_on.month  # noqa: DTZ011
    assert months - dt.date.today().month == 6  # noqa: DTZ011
    assert (made.properties.vault_url, made.properties.name) == ("https://kv-shop.vault.azure.net", "made")


def test_its_secret_is_a_pem_with_key_and_certificate_that_serves_tls(vaults: Vaults, tmp_path: Any) -> None:
    made = vaults.create("served", key_type=KeyType.ec, key_curve_name=KeyCurveName.p_384)
    secret = vaults.ask("secrets/served", "id-pod").json()
    key = serialization.load_pem_private_key(secret["value"].encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.curve.name == "secp384r1"
    assert x509.load_pem_x509_certificate(secret["value"].encode()).public_bytes(serialization.Encoding.DER) == bytes(made.cer)
    assert secret["contentType"] == "application/x-pem-file"
    (file := tmp_path / "both.pem").write_text(secret["value"])
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(file)


def test_created_again_by_a_changed_policy_it_has_a_second_version(vaults: Vaults) -> None:
    first = vaults.create("twice")
    with vaults.client() as client:
        client.update_certificate_policy("twice", policy(subject="CN=second"))
        held = client.get_certificate_policy("twice")
        assert held.subject == "CN=second"
        second: Any = client.begin_create_certificate("twice", held).result()
        versions = [item.version for item in client.list_properties_of_certificate_versions("twice")]
        assert versions == [second.properties.version, first.properties.version]
        old = client.get_certificate_version("twice", first.properties.version)
        assert (old.cer, client.get_certificate("twice").cer) == (first.cer, second.cer)
        assert client.get_certificate_operation("twice").status == "completed"


def test_the_key_lies_in_a_file_that_its_owner_alone_reads(vaults: Vaults) -> None:
    made = vaults.create("kept")
    file = vaults.site.cloud.state / "keyvault" / "kv-shop" / f"{made.properties.version}.pem"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_another_vaults_certificate_is_not_there(vaults: Vaults) -> None:
    vaults.create("elsewhere")
    with vaults.client(vault="kv-other") as client, pytest.raises(ResourceNotFoundError) as refused:
        client.get_certificate("elsewhere")
    assert refused.value.error is not None
    assert refused.value.error.code == "CertificateNotFound"


def test_a_vault_that_does_not_stand_is_named(vaults: Vaults) -> None:
    with vaults.client(vault="kv-gone") as client, pytest.raises(ResourceNotFoundError, match="no key vault 'kv-gone'"):
        client.get_certificate("any")


def test_a_vault_that_is_deleted_and_recovered_has_its_certificates_again(vaults: Vaults) -> None:
    made = vaults.create("outlasting")
    vaults.site.cloud.resources.delete(f"{ID}/kv-shop")
    with vaults.client() as client, pytest.raises(ResourceNotFoundError):
        client.get_certificate("outlasting")
    vaults.site.add("Microsoft.KeyVault/vaults", f"{ID}/kv-shop", location="westeurope")
    with vaults.client() as client:
        assert client.get_certificate("outlasting").cer == made.cer


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"issuer_name": "DigiCert"}, "there is no issuer 'DigiCert' in this key vault"),
        ({"issuer_name": "Unknown"}, "does not emulate certificates of the issuer Unknown"),
        ({"content_type": CertificateContentType.pkcs12}, "contentType application/x-pkcs12"),
        ({"exportable": False, "key_size": 2048}, "exportable false"),
        ({"reuse_key": True}, "reuse_key true"),
        ({"key_type": KeyType.rsa_hsm}, "kty RSA-HSM"),
        ({"san_emails": ["a@b.c"]}, "sans.emails"),
        ({"key_size": 1024}, "key_size has invalid value 1024"),
        ({"subject": "forecast.shop"}, "x509_props has invalid value"),
    ],
)
def test_a_policy_that_is_refused_or_not_emulated_makes_nothing(vaults: Vaults, asked: dict[str, Any], words: str) -> None:
    with vaults.client() as client:
        with pytest.raises(HttpResponseError, match=words):
            client.begin_create_certificate("refused", policy(**asked))
        with pytest.raises(ResourceNotFoundError):
            client.get_certificate("refused")


def test_without_the_role_a_caller_is_refused_in_key_vaults_words(vaults: Vaults) -> None:
    with vaults.client("id-pod") as client, pytest.raises(HttpResponseError) as refused:
        client.begin_create_certificate("barred", policy())
    error = refused.value
    assert (error.status_code, error.error and error.error.code) == (403, "Forbidden")
    for words in (
        "Caller is not authorized to perform action on resource.",
        "appid=client-of-id-pod;oid=principal-of-id-pod",
        "Action: 'Microsoft.KeyVault/vaults/certificates/create/action'",
        "/vaults/kv-shop/certificates/barred'",
        "ForbiddenByRbac",
    ):
        assert words in str(error)


def test_who_makes_certificates_may_not_read_their_keys(vaults: Vaults) -> None:
    vaults.create("private")
    refused = vaults.ask("secrets/private", "id-release")
    assert refused.status_code == 403
    assert "vaults/secrets/getSecret/action" in refused.json()["error"]["message"]


@pytest.mark.parametrize("path", ["keys/made", "certificates", "certificates/contacts", "secrets/made/1/2"])
def test_what_else_a_vault_does_is_refused_by_name(vaults: Vaults, path: str) -> None:
    refused = vaults.ask(path, "id-release")
    assert refused.status_code == 501
    assert refused.json()["error"]["code"] == "NotImplemented"
    assert path.partition("/")[0] in refused.json()["error"]["message"]
