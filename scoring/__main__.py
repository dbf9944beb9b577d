"""Serves until told to stop: `python -m scoring` in the working directory of the image."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import uvicorn

from contracts.errors import FourPartError
from scoring.api import create_app
from scoring.predictor import Predictor
from scoring.settings import Settings

GRACE_SECONDS = 10
REFUSED = 2


def main() -> int:
    """Check the image and the environment, then serve; 2 when either can't be worked with."""
    try:
        settings = Settings.of(os.environ)
        predictor = Predictor(settings, Path.cwd())
    except FourPartError as error:
        sys.stderr.write(f"{error}\n")
        return REFUSED
    app = create_app(predictor)
    gc.freeze()  # what is loaded by now lives as long as the process, so collections need not look at it
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
