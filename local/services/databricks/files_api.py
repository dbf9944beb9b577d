"""The Files API: /api/2.0/fs/files and /api/2.0/fs/directories below /Volumes."""

from __future__ import annotations

from typing import Any

from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute

from local.services.cloud import Cloud
from local.services.databricks.calls import Call, route
from local.services.databricks.errors import not_found
from local.services.databricks.volumes import Entry, Volumes

FILES, DIRECTORIES = "/api/2.0/fs/files{path:path}", "/api/2.0/fs/directories{path:path}"


class FilesApi:
    """Endpoints over the volumes."""

    def __init__(self, volumes: Volumes) -> None:
        self._volumes = volumes

    def routes(self, cloud: Cloud) -> list[BaseRoute]:
        """The API's routes; GET also answers HEAD."""
        return [
            route(cloud, FILES, "PUT", self.upload),
            route(cloud, FILES, "GET", self.download),
            route(cloud, FILES, "DELETE", self.delete),
            route(cloud, DIRECTORIES, "PUT", self.make_directory),
            route(cloud, DIRECTORIES, "HEAD", self.directory_exists),
            route(cloud, DIRECTORIES, "GET", self.list_directory),
            route(cloud, DIRECTORIES, "DELETE", self.delete_directory),
        ]

    def upload(self, call: Call) -> Response:
        self._volumes.write(call.path, call.body, overwrite=call.flag("overwrite"))
        return Response(status_code=204)

    def download(self, call: Call) -> Response:
        return FileResponse(self._volumes.read(call.path), media_type="application/octet-stream")

    def delete(self, call: Call) -> Response:
        self._volumes.delete(call.path)
        return Response(status_code=204)

    def make_directory(self, call: Call) -> Response:
        self._volumes.make_directory(call.path)
        return Response(status_code=204)

    def directory_exists(self, call: Call) -> Response:
        entry = self._volumes.entry(call.path)
        if entry is None or not entry.directory:
            raise not_found(call.path)
        return Response(status_code=200)

    def list_directory(self, call: Call) -> dict[str, Any]:
        return {"contents": [_content(entry) for entry in self._volumes.list(call.path)]}

    def delete_directory(self, call: Call) -> Response:
        self._volumes.delete_directory(call.path)
        return Response(status_code=204)


def _content(entry: Entry) -> dict[str, Any]:
    name = entry.path.rpartition("/")[2]
    common = {"path": entry.path, "name": name, "is_directory": entry.directory, "last_modified": entry.modified}
    return common if entry.directory else {**common, "file_size": entry.size}
