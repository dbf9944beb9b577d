"""HTTPS by one PEM file, key and certificate, that is read again whenever it is another: a renewed one needs no restart."""

from __future__ import annotations

import ssl
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from scoring.settings import SettingError

HEADERS = [("Strict-Transport-Security", "max-age=31536000")]
"""What every answer over HTTPS says besides (RFC 6797)."""


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """The file, and the seconds between two looks at it."""

    file: Path
    seconds: float

    def context(self) -> ssl.SSLContext:
        """What a server proves its name by, from TLS 1.2 on.

        Raises:
            SettingError: when there is no such file, or no key with its certificate in it.
        """
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            made.load_cert_chain(self.file)
        except OSError as error:  # which ssl.SSLError is, too
            raise SettingError(
                "The service can't prove its name.",
                given=f"TLS_FILE {self.file}: {error}",
                allowed="a PEM file with a private key and its certificate",
                remedy="Mount the certificate of the platform's vault; the release program does.",
            ) from error
        return made

    def factory(self, *_: object) -> ssl.SSLContext:
        """The same for uvicorn, following the file from now on; connections that stand keep what they began with."""
        held, made = self._content(), self.context()
        threading.Thread(target=self._follow, args=(made, held), name="certificate", daemon=True).start()
        return made

    def _follow(self, context: ssl.SSLContext, held: bytes) -> None:
        while True:
            time.sleep(self.seconds)
            found = self._content()
            if found == held:
                continue
            held = found
            try:
                context.load_cert_chain(self.file)
            except OSError as error:
                # What was read before goes on; the next look may find the file whole.
                sys.stderr.write(f"certificate {self.file} can't be read: {error}\n")

    def _content(self) -> bytes:
        try:
            return self.file.read_bytes()
        except OSError:
            return b""
