"""When a step need not run again: a key over all that its outputs follow from.

Source of the rule: learn.microsoft.com/azure/machine-learning, "Component output reuse": same code, environment, inputs,
parameters and output settings of a deterministic component.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from local.services.machine_learning.documents.models import Document
from local.services.machine_learning.jobs.plan import Step

LABELS = frozenset({"name", "version", "display_name", "description", "tags", "code", "environment", "$schema", "_source"})
"""Parts of a component that its outputs do not follow from; code and environment count by their content."""


def key(step: Step, *, code: Document | None, environment: str, sources: Mapping[str, str], run_id: str) -> str:
    """The key of a step; `sources` holds the keys of the steps that its inputs come from, by input.

    A step that is not deterministic gets a key of its own run, so that nothing behind it is taken for done.
    """
    content = {
        "component": {name: value for name, value in step.spec.items() if name not in LABELS},
        "code": _code(code),
        "environment": environment,
        "values": dict(step.values),
        "sources": {name: [sources[name], output] for name, (_, output) in step.upstream.items()},
        "variables": dict(step.variables),
        "run": "" if step.deterministic else run_id,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _code(document: Document | None) -> str:
    if document is None:
        return ""
    held = document.properties
    return str((held.get("properties") or {}).get("hash_sha256") or held.get("codeUri"))
