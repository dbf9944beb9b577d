"""A service that proves its name by what a vault holds: read as its identity by the role, followed, and refused without."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from azure.identity import DefaultAzureCredential

from contracts.names import CERTIFICATE
from local.environment import client_environment
from local.provider.kinds.key_vault import VAULT
from rollout.certificate import Address, Certificates
from rollout.service import Proof
from scoring.settings import SettingError, Settings
from scoring.vault import SecretMissingError, VaultSecret
from tests.local.services.conftest import GROUP, Site, make_site
from tests.scoring.conftest import Image, until
from tests.scoring.test_scoring_tls import HOSTNAME, answers, unverified

pytestmark = pytest.mark.flow
ID = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-shop"
ADDRESS = Address.of({"hostname": HOSTNAME, "issuer": "Self", "validityMonths": 12})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A vault, who may have certificates issued, who may read them, and who may do neither."""
    made = make_site(tmp_path_factory.mktemp("vault") / "state")
    made.add("Microsoft.KeyVault/vaults", ID, location="westeurope")
    for name in ("id-release", "id-scoring", "id-other"):
        ids = {"clientId": f"client-of-{name}", "principalId": f"principal-of-{name}"}
        made.add("Microsoft.ManagedIdentity/userAssignedIdentities", f"{GROUP}/identities/{name}", **ids)
    made.assign("principal-of-id-release", "Key Vault Certificates Officer", ID)
    made.assign("principal-of-id-scoring", "Key Vault Secrets User", ID)
    made.start("identity")
    made.start("keyvault")
    yield made
    made.stop()


def uri(site: Site) -> str:
    """Where the vault answers, as the stack's outputs tell it."""
    return str(VAULT.outputs(site.cloud.endpoints, ID, {"properties": {}})["properties"]["vaultUri"])


def issued(site: Site, monkeypatch: pytest.MonkeyPatch, address: Address = ADDRESS) -> Proof:
    """The certificate of an address, issued as by a release."""
    acting(site, monkeypatch, "id-release")
    with DefaultAzureCredential() as credential:
        return Certificates(vault_url=uri(site), credential=credential).issued(address)


def acting(site: Site, monkeypatch: pytest.MonkeyPatch, identity: str) -> None:
    for name, value in client_environment(site.cloud, identity).items():
        monkeypatch.setenv(name, value)


def secret(site: Site) -> str:
    return f"{uri(site).rstrip('/')}/secrets/{CERTIFICATE}"


def test_the_service_proves_the_name_of_the_vaults_certificate(site: Site, image: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    proof = issued(site, monkeypatch)
    own = client_environment(site.cloud, "id-scoring")
    with image.serve(unverified(), TLS_URL=secret(site), **own) as client:
        assert answers(client, proof)
        assert not answers(client, replace(proof, hostname="other.example.com"))


def test_the_service_does_not_start_without_the_role(site: Site, image: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    issued(site, monkeypatch)
    environment = image.environment(PORT="8443", TLS_URL=secret(site), **client_environment(site.cloud, "id-other"))
    command = [sys.executable, "-m", "scoring"]
    done = subprocess.run(command, cwd=image.folder, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "Key Vault Secrets User" in done.stderr
    assert "Forbidden" in done.stderr


def test_a_secret_that_is_not_there_is_told_by_its_address(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    acting(site, monkeypatch, "id-scoring")
    with pytest.raises(SecretMissingError, match="secrets/none"):
        VaultSecret(url=f"{uri(site).rstrip('/')}/secrets/none", seconds=1).kept()


def test_a_newer_version_is_proven_without_a_restart(site: Site, image: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    old, own = issued(site, monkeypatch), client_environment(site.cloud, "id-scoring")
    with image.serve(unverified(), TLS_URL=secret(site), REFRESH_SECONDS="1", **own) as client:
        assert answers(client, old)
        new = issued(site, monkeypatch, replace(ADDRESS, months=6))
        until(lambda: answers(client, new))
        assert not answers(client, old)


def test_key_and_certificate_are_kept_for_the_service_alone(site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    issued(site, monkeypatch)
    acting(site, monkeypatch, "id-scoring")
    script = "from scoring.vault import VaultSecret; import sys; print(VaultSecret(url=sys.argv[1], seconds=60).kept())"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script, secret(site)], env=environment, check=True, capture_output=True, text=True
    )
    file = Path(done.stdout.strip())
    assert file.is_relative_to(tmp_path)
    assert [stat.S_IMODE(place.stat().st_mode) for place in (file, file.parent)] == [0o600, 0o700]


@pytest.mark.parametrize(
    "given",
    [
        {"TLS_URL": "http://kv-shop.vault.azure.net/secrets/scoring"},
        {"TLS_URL": "https://kv-shop.vault.azure.net/keys/scoring"},
        {"TLS_URL": "https://kv-shop.vault.azure.net/secrets/scoring?x=1"},
        {"TLS_URL": "https://kv-shop.vault.azure.net/secrets/scoring", "TLS_FILE": "/mnt/tls/scoring.pem"},
    ],
    ids=["clear text", "a key", "a query", "a file beside it"],
)
def test_what_is_no_secret_of_a_vault_is_refused(given: dict[str, str]) -> None:
    told = {"IMAGE_DIGEST": f"sha256:{'a' * 64}", "RELEASE": "qa", "FORECASTS_URL": "/f", "LOGS_URL": "/l"}
    assert Settings.of({**told, "TLS_URL": "https://kv-shop.vault.azure.net/secrets/scoring"}).tls_url
    with pytest.raises(SettingError, match="TLS_URL"):
        Settings.of({**told, **given})
