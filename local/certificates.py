"""The stack's own certificate authority and the server certificate it signs: loopback names only, made once."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

VALID = dt.timedelta(days=365)
RENEW_BEFORE = dt.timedelta(days=7)


def ensure_certificates(state: Path, now: dt.datetime | None = None) -> None:
    """Make `tls/ca.pem` and `tls/server.pem` (certificate and key) unless ones are there that hold now and for a while."""
    now = now or dt.datetime.now(dt.UTC)
    folder = state / "tls"
    authority, server = folder / "ca.pem", folder / "server.pem"
    if authority.exists() and server.exists() and _holds(server, now):
        return
    folder.mkdir(parents=True, exist_ok=True)
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _authority(authority_key, now)
    leaf = _server(key, authority_key, now)
    server.touch(mode=0o600)
    server.write_bytes(_pem(leaf) + _key_pem(key))
    authority.write_bytes(_pem(root))


def trusted(state: Path) -> ssl.SSLContext:
    """What a client of the stack's services trusts: its authority alone."""
    return ssl.create_default_context(cafile=str(state / "tls" / "ca.pem"))


def _holds(server: Path, now: dt.datetime) -> bool:
    """Whether it is valid: one made before the clock went back is not valid yet."""
    certificate = x509.load_pem_x509_certificate(server.read_bytes())
    return certificate.not_valid_before_utc <= now and certificate.not_valid_after_utc - now >= RENEW_BEFORE


def _builder(subject: str, public: ec.EllipticCurvePublicKey, now: dt.datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name("mlops-forecasting local cloud"))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + VALID)
    )


def _authority(key: ec.EllipticCurvePrivateKey, now: dt.datetime) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    builder = _builder("mlops-forecasting local cloud", key.public_key(), now)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).add_extension(
        usage, critical=True
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256())


def _server(key: ec.EllipticCurvePrivateKey, authority: ec.EllipticCurvePrivateKey, now: dt.datetime) -> x509.Certificate:
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    builder = _builder("localhost", key.public_key(), now).add_extension(names, critical=False)
    return builder.add_extension(issuer, critical=False).sign(authority, hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
