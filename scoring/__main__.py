"""Serves until told to stop: `python -m scoring` in the working directory of the image."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from contracts.errors import FourPartError
from scoring.api import create_app
from scoring.predictor import Predictor
from scoring.settings import Settings
from scoring.tls import HEADERS, Certificate

GRACE_SECONDS = 10
REFUSED = 2


def main() -> int:
    """Check the image and the environment, then serve; 2 when either can't be worked with."""
    try:
        settings = Settings.of(os.environ)
        certificate = _certificate(settings)
        if certificate:
            certificate.context()
        predictor = Predictor(settings, Path.cwd())
    except FourPartError as error:
        sys.stderr.write(f"{error}\n")
        return REFUSED
    gc.freeze()  # what is loaded by now lives as long as the process, so collections need not look at it
    _serve(create_app(predictor), settings, certificate)
    return 0


def _certificate(settings: Settings) -> Certificate | None:
    """What the service proves its name by, from a file or a vault."""
    file = settings.tls_file
    if settings.tls_url:
        # Its client takes a moment to load, and pods do without.
        from scoring.vault import VaultSecret

        file = VaultSecret(url=settings.tls_url, seconds=settings.refresh_seconds).kept()
    return Certificate(file=file, seconds=settings.refresh_seconds) if file else None


def _serve(app: Starlette, settings: Settings, certificate: Certificate | None) -> None:
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_context_factory=certificate.factory if certificate else None,
        headers=HEADERS if certificate else None,
    )


if __name__ == "__main__":
    sys.exit(main())
