"""The service over HTTPS: it proves its name, follows a renewed certificate, and does not start without one that it can use."""

from __future__ import annotations

import ssl
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from rollout.service import AnswerError, Proof, Service
from tests.certificates import self_signed
from tests.scoring.conftest import Image, until

HOSTNAME = "forecasts.example.com"


def unverified() -> ssl.SSLContext:
    """As a probe of the cluster calls."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def answers(client: httpx.Client, proof: Proof) -> bool:
    """Whether the service proves this name with this certificate."""
    try:
        return Service(url=str(client.base_url).rstrip("/"), proof=proof).get("/version").status == 200
    except AnswerError:
        return False


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "scoring.pem"


def test_answers_under_its_name_and_says_that_it_is_to_be_called_over_https_alone(image: Image, file: Path) -> None:
    certificate, with_key = self_signed(HOSTNAME)
    file.write_text(with_key)
    image.publish()
    with image.serve(unverified(), TLS_FILE=str(file)) as client:
        assert answers(client, Proof(hostname=HOSTNAME, certificate=certificate))
        with pytest.raises(AnswerError, match="certificate verify failed"):
            Service(url=str(client.base_url).rstrip("/"), proof=Proof(hostname="other", certificate=certificate)).get("/live")
        assert client.get("/live").headers["Strict-Transport-Security"] == "max-age=31536000"
        place = urlsplit(str(client.base_url))
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://{place.netloc}/live")


def test_a_renewed_certificate_is_proven_without_a_restart_and_a_broken_file_changes_nothing(image: Image, file: Path) -> None:
    (old, old_with_key), (new, new_with_key) = self_signed(HOSTNAME), self_signed(HOSTNAME)
    file.write_text(old_with_key)
    with image.serve(unverified(), TLS_FILE=str(file)) as client:
        assert answers(client, Proof(hostname=HOSTNAME, certificate=old))
        file.write_text(new_with_key[:200])
        assert answers(client, Proof(hostname=HOSTNAME, certificate=old))
        file.write_text(new_with_key)
        until(lambda: answers(client, Proof(hostname=HOSTNAME, certificate=new)))
        assert not answers(client, Proof(hostname=HOSTNAME, certificate=old))


@pytest.mark.parametrize("content", [None, "", "not PEM", self_signed(HOSTNAME)[0]], ids=["none", "empty", "text", "no key"])
def test_does_not_start_without_a_key_and_its_certificate(image: Image, file: Path, content: str | None) -> None:
    if content is not None:
        file.write_text(content)
    command = [sys.executable, "-m", "scoring"]
    environment = image.environment(PORT="8443", TLS_FILE=str(file))
    done = subprocess.run(command, cwd=image.folder, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "The service can't prove its name." in done.stderr
    assert "a PEM file with a private key" in done.stderr
