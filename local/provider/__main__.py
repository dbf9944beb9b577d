"""Runs the provider: `python -m local.provider STATE_DIRECTORY`."""

from __future__ import annotations

import sys

from local.provider.server import main

if __name__ == "__main__":
    sys.exit(main())
