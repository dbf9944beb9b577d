"""`_apis/pipelines` and `_apis/build/definitions`: the one pipeline, and the start of its runs."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from starlette.routing import Route

from contracts.images import DIGEST
from contracts.names import RELEASE_PIPELINE
from local.services.devops import views
from local.services.devops.calls import Call, route
from local.services.devops.errors import invalid_parameters, no_pipeline, not_emulated
from local.services.devops.models import Runs

PARAMETERS = ("digest", "causation", "token")


class PipelinesApi:
    """The routes of pipelines and their runs."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            route("build/definitions", "GET", self._definitions, query=frozenset({"name"})),
            route("pipelines", "GET", lambda call: views.listed([views.pipeline(call.root)])),
            route("pipelines/{pipeline}", "GET", self._pipeline),
            route("pipelines/{pipeline}/runs", "GET", self._list),
            route("pipelines/{pipeline}/runs", "POST", self._start),
            route("pipelines/{pipeline}/runs/{run}", "GET", self._run),
        ]

    def _definitions(self, call: Call) -> dict[str, Any]:
        wanted = call.query.get("name", "*").lower()
        return views.listed([views.definition(call.root)] if fnmatchcase(RELEASE_PIPELINE, wanted) else [])

    def _pipeline(self, call: Call) -> dict[str, Any]:
        _check(call)
        return views.pipeline(call.root)

    def _list(self, call: Call) -> dict[str, Any]:
        _check(call)
        return views.listed([views.pipeline_run(call.root, run) for run in self._runs.listed()])

    def _run(self, call: Call) -> dict[str, Any]:
        _check(call)
        return views.pipeline_run(call.root, call.run(self._runs, "run"))

    def _start(self, call: Call) -> dict[str, Any]:
        _check(call)
        body = call.json
        if others := sorted(name for name, value in body.items() if value and name != "templateParameters"):
            what = f"{', '.join(others)} of a run"
            raise not_emulated(what)
        return views.pipeline_run(call.root, self._runs.queue(_parameters(body.get("templateParameters")), call.principal))


def _check(call: Call) -> None:
    if call.path["pipeline"] != str(views.PIPELINE_ID):
        raise no_pipeline(call.path["pipeline"])


def _parameters(given: Any) -> dict[str, str]:
    """The template parameters, checked as the pipeline's definition would have them."""
    parameters = given or {}
    if not isinstance(parameters, dict) or any(not isinstance(value, str) for value in parameters.values()):
        msg = "The parameters are not text by name."
        raise invalid_parameters(msg)
    if unknown := sorted(set(parameters) - set(PARAMETERS)):
        msg = f"Unexpected parameter '{unknown[0]}'"
        raise invalid_parameters(msg)
    if "digest" not in parameters:
        msg = "A value for the 'digest' parameter must be provided."
        raise invalid_parameters(msg)
    if not DIGEST.fullmatch(parameters["digest"]):
        msg = f"The 'digest' parameter value '{parameters['digest']}' is not a valid value: sha256: and 64 hexadecimal digits."
        raise invalid_parameters(msg)
    return {name: parameters.get(name, "") for name in PARAMETERS}
