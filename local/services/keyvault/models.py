"""The certificates of a stack's vaults: what each version was made by in the store, its key and itself in a file of mode 0600.

They outlast a deleted vault, so one that is recovered has them again.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509

from local.services.cloud import Cloud
from local.services.keyvault import errors
from local.services.keyvault.issue import admitted, issue

VAULT = "Microsoft.KeyVault/vaults"
DDL = """
create table if not exists certificates(
  number integer primary key,   -- the order in which they were made
  vault text not null,          -- lower-cased name
  name text not null,           -- lower-cased, as vaults compare it
  version text not null,
  made integer not null,        -- seconds since 1970
  policy text not null,         -- JSON
  tags text not null            -- JSON
)
"""
_NEWEST = "select * from certificates where vault = ? and name = ? order by number desc"


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of a certificate; `pem` is its private key, then itself."""

    name: str
    version: str
    made: int
    policy: Mapping[str, Any]
    tags: Mapping[str, str]
    pem: str

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate alone."""
        return x509.load_pem_x509_certificate(self.pem.encode())


class Certificates:
    """The certificates of all vaults, by the vault's name and their own."""

    def __init__(self, cloud: Cloud) -> None:
        self._store, self._folder = cloud.store, cloud.state / "keyvault"
        cloud.store.declare(DDL)

    def create(self, vault: str, name: str, policy: Mapping[str, Any], tags: Mapping[str, str]) -> Version:
        """Make a certificate, or a new version of it.

        Raises:
            VaultError: the policy is refused.
        """
        now, version = dt.datetime.now(dt.UTC), uuid.uuid4().hex
        complete = admitted(policy)
        pem = issue(complete, now)
        file = self._file(vault, version)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(pem)
        row = (vault.lower(), name.lower(), version, int(now.timestamp()), json.dumps(complete), json.dumps(tags))
        with self._store.transaction() as connection:
            connection.execute("insert into certificates(vault, name, version, made, policy, tags) values (?,?,?,?,?,?)", row)
        return self.get("certificate", vault, name, version)

    def versions(self, vault: str, name: str) -> list[Version]:
        """All versions, the newest first."""
        return [self._read(row) for row in self._store.rows(_NEWEST, vault.lower(), name.lower())]

    def newest(self, vault: str, name: str) -> str:
        """The id of the newest version; empty when there is none."""
        row = self._store.row(_NEWEST, vault.lower(), name.lower())
        return row["version"] if row is not None else ""

    def get(self, kind: str, vault: str, name: str, version: str = "") -> Version:
        """A version, or the newest, asked for as a `certificate` or as its `secret`.

        Raises:
            VaultError: there is none.
        """
        found = next((item for item in self.versions(vault, name) if version in {"", item.version}), None)
        if found is None:
            raise errors.not_found(kind, f"{name}/{version}".rstrip("/"))
        return found

    def update_policy(self, vault: str, name: str, change: Mapping[str, Any]) -> Version:
        """Change the policy by which the next version is made: members of a part that are not given stay.

        Raises:
            VaultError: there is no such certificate, or the policy is refused.
        """
        held = self.get("certificate", vault, name)
        merged = {
            part: {**old, **(change.get(part) or {})} if isinstance(old, Mapping) else change.get(part) or old
            for part, old in held.policy.items()
        }
        with self._store.transaction() as connection:
            set_policy = "update certificates set policy = ? where vault = ? and version = ?"
            connection.execute(set_policy, (json.dumps(admitted(merged)), vault.lower(), held.version))
        return self.get("certificate", vault, name)

    def _read(self, row: Any) -> Version:
        pem = self._file(row["vault"], row["version"]).read_text()
        told = {"name": row["name"], "version": row["version"], "made": row["made"], "pem": pem}
        return Version(policy=json.loads(row["policy"]), tags=json.loads(row["tags"]), **told)

    def _file(self, vault: str, version: str) -> Path:
        return self._folder / vault.lower() / f"{version}.pem"
