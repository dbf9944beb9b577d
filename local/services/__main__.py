"""Runs one service: `python -m local.services NAME STATE_DIRECTORY`."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import uvicorn

from local.endpoints import HOST
from local.services.cloud import Cloud

SERVICES = ("identity", "blob", "databricks", "eventgrid", "arm", "registry", "keyvault", "containers", "devops")


def main() -> None:
    """Serve one service over HTTPS on its port until told to stop."""
    name, state = sys.argv[1], Path(sys.argv[2])
    cloud = Cloud.open(state)
    app = import_module(f"local.services.{name}.api").create_app(cloud)
    certificate = str(state / "tls" / "server.pem")
    uvicorn.run(
        app,
        host=HOST,
        port=getattr(cloud.endpoints, name),
        ssl_certfile=certificate,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,
        server_header=False,
    )


if __name__ == "__main__":
    main()
