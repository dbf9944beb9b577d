"""Makes what a certificate's policy asks for: a key, and the certificate that it signs itself.

Source: learn.microsoft.com, REST reference of Key Vault, CertificatePolicy.
"""

from __future__ import annotations

import calendar
import datetime as dt
import ipaddress
from collections.abc import Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from local.services.keyvault import errors

PEM = "application/x-pem-file"
SELF = "self"
BACKDATED = dt.timedelta(minutes=10)
"""Azure's certificates hold since this long before they were made."""
SERVER_AND_CLIENT = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "key_props": {"exportable": True, "kty": "RSA", "key_size": 2048, "reuse_key": False},
    "secret_props": {"contentType": "application/x-pkcs12"},
    "x509_props": {
        "subject": "",
        "sans": {},
        "ekus": SERVER_AND_CLIENT,
        "key_usage": ["digitalSignature", "keyEncipherment"],
        "validity_months": 12,
    },
    "issuer": {"name": "Unknown"},
}
CURVES = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}
SIZES = (2048, 3072, 4096)
USAGES = {
    "digitalSignature": "digital_signature",
    "nonRepudiation": "content_commitment",
    "keyEncipherment": "key_encipherment",
    "dataEncipherment": "data_encipherment",
    "keyAgreement": "key_agreement",
    "keyCertSign": "key_cert_sign",
    "cRLSign": "crl_sign",
    "encipherOnly": "encipher_only",
    "decipherOnly": "decipher_only",
}
type Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def admitted(given: Mapping[str, Any]) -> dict[str, Any]:
    """The policy with Azure's defaults.

    Raises:
        VaultError: Azure refuses it, or it asks for what is not emulated.
    """
    policy = {name: {**usual, **(given.get(name) or {})} for name, usual in DEFAULTS.items()}
    issuer, key = str(policy["issuer"]["name"]), policy["key_props"]
    if issuer.lower() == "unknown":
        raise errors.not_emulated("certificates of the issuer Unknown, which are signed elsewhere and merged")
    if issuer.lower() != SELF:
        raise errors.invalid(f"Property issuer has invalid value: there is no issuer '{issuer}' in this key vault.")
    kept = {"key_props": {*DEFAULTS["key_props"], "crv"}, "x509_props": set(DEFAULTS["x509_props"])}
    strange = sorted(f"{name}.{item}" for name, members in kept.items() for item in policy[name].keys() - members)
    strange += sorted(f"sans.{name}" for name in policy["x509_props"]["sans"].keys() - {"dns_names", "ipAddresses"})
    strange += [f"contentType {policy['secret_props']['contentType']}"] * (policy["secret_props"]["contentType"] != PEM)
    strange += ["exportable false"] * (not key["exportable"]) + ["reuse_key true"] * bool(key["reuse_key"])
    strange += [f"kty {key['kty']}"] * (key["kty"] not in {"RSA", "EC"})
    if strange:
        raise errors.not_emulated(f"in the policy of a certificate {', '.join(strange)}")
    if key["kty"] == "EC":
        del key["key_size"]  # the curve says it
    return {**policy, "lifetime_actions": given.get("lifetime_actions") or []}


def issue(policy: Mapping[str, Any], now: dt.datetime) -> str:
    """The private key (PKCS #8) and the certificate in PEM, as the secret of a certificate on Azure holds them.

    Raises:
        VaultError: the key or the subject is none.
    """
    key = _key(policy["key_props"])
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    return (private + _certificate(policy["x509_props"], key, now).public_bytes(encoding)).decode()


def _key(wanted: Mapping[str, Any]) -> Key:
    if wanted["kty"] == "EC":
        curve = CURVES.get(wanted.get("crv") or "P-256")
        if curve is None:
            raise errors.invalid(f"Property crv has invalid value '{wanted['crv']}'; allowed: {', '.join(CURVES)}.")
        return ec.generate_private_key(curve())
    if wanted["key_size"] not in SIZES:
        raise errors.invalid(f"Property key_size has invalid value {wanted['key_size']}; allowed: {', '.join(map(str, SIZES))}.")
    return rsa.generate_private_key(65537, int(wanted["key_size"]))


def _certificate(wanted: Mapping[str, Any], key: Key, now: dt.datetime) -> x509.Certificate:
    try:
        subject = x509.Name.from_rfc4514_string(wanted["subject"])
        addresses = [x509.IPAddress(ipaddress.ip_address(item)) for item in wanted["sans"].get("ipAddresses") or []]
        usage = x509.KeyUsage(**{ours: name in wanted["key_usage"] for name, ours in USAGES.items()})
    except ValueError as error:
        raise errors.invalid(f"Property x509_props has invalid value: {error}.") from error
    names = [*map(x509.DNSName, wanted["sans"].get("dns_names") or []), *addresses]
    public = key.public_key()
    builder = x509.CertificateBuilder(issuer_name=subject, subject_name=subject, public_key=public)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - BACKDATED)
    builder = builder.not_valid_after(_later(now, int(wanted["validity_months"])))
    usages = x509.ExtendedKeyUsage([x509.ObjectIdentifier(item) for item in wanted["ekus"]])
    known, own = x509.AuthorityKeyIdentifier.from_issuer_public_key(public), x509.SubjectKeyIdentifier.from_public_key(public)
    for extension in (usages, *([x509.SubjectAlternativeName(names)] if names else []), known, own):
        builder = builder.add_extension(extension, critical=False)
    return builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())


def _later(now: dt.datetime, months: int) -> dt.datetime:
    years, month = divmod(now.month - 1 + months, 12)
    last = calendar.monthrange(now.year + years, month + 1)[1]
    return now.replace(year=now.year + years, month=month + 1, day=min(now.day, last))
