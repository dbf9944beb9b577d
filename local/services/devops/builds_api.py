"""`_apis/build/builds`: runs as builds, listed, canceled, and read: timeline and log."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from local.services.cloud import Cloud
from local.services.devops import views
from local.services.devops.agent import folder_of
from local.services.devops.calls import Call, route
from local.services.devops.errors import not_emulated
from local.services.devops.models import Run, Runs, Status

FILTERS = frozenset({"definitions", "statusFilter", "queryOrder", "$top"})
MOST = 1000
NEWEST_FIRST = "queueTimeDescending"
"""The one order of lists here."""


class BuildsApi:
    """The routes of builds."""

    def __init__(self, cloud: Cloud, runs: Runs) -> None:
        self._cloud = cloud
        self._runs = runs

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            route("build/builds", "GET", self._list, query=FILTERS),
            route("build/builds/{build}", "GET", lambda call: views.build(call.root, self._of(call))),
            route("build/builds/{build}", "PATCH", self._update),
            route("build/builds/{build}/timeline", "GET", lambda call: views.timeline(self._of(call))),
            route("build/builds/{build}/logs", "GET", self._logs),
            route("build/builds/{build}/logs/{log}", "GET", self._log),
        ]

    def _of(self, call: Call) -> Run:
        return call.run(self._runs, "build")

    def _list(self, call: Call) -> dict[str, Any]:
        if str(views.PIPELINE_ID) not in call.names("definitions") and call.names("definitions"):
            return views.listed([])
        if set(call.names("queryOrder")) - {NEWEST_FIRST}:
            what = f"queryOrder other than {NEWEST_FIRST}"
            raise not_emulated(what)
        found = self._runs.listed(call.names("statusFilter"), call.number("$top", MOST))
        return views.listed([views.build(call.root, run) for run in found])

    def _update(self, call: Call) -> dict[str, Any]:
        """Cancel a build; nothing else about it can be changed here."""
        run, asked = self._of(call), call.json
        if asked != {"status": Status.CANCELLING}:
            what = f"the change {asked} of a build"
            raise not_emulated(what)
        return views.build(call.root, self._runs.cancel(run.id))

    def _logs(self, call: Call) -> dict[str, Any]:
        run = self._of(call)
        lines = self._lines(run)
        log = {"id": 1, "type": "Container", "lineCount": len(lines), "url": f"{call.root}/_apis/build/Builds/{run.id}/logs/1"}
        return views.listed([log] if lines else [])

    def _log(self, call: Call) -> Response:
        run = self._of(call)
        if call.path["log"] != "1":
            what = f"log {call.path['log']}: a build has one"
            raise not_emulated(what)
        lines = self._lines(run)
        return JSONResponse(views.listed(lines)) if "json" in call.accept else PlainTextResponse("\n".join([*lines, ""]))

    def _lines(self, run: Run) -> list[str]:
        file = folder_of(self._cloud, run.id) / "log.txt"
        return file.read_text(errors="replace").splitlines() if file.exists() else []
