"""One request to a workspace's documents: what it names, what it asks, who makes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.services.arm.errors import invalid
from local.services.machine_learning.documents.models import Document, Documents
from local.services.machine_learning.workspace import WORKSPACE, Workspace
from local.tokens import DEPLOYER


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request below a workspace: `segments` are those of the path after the workspace's id."""

    workspace: Workspace
    method: str
    segments: tuple[str, ...]
    query: Mapping[str, str]
    body: bytes
    principal: str

    @property
    def arm_id(self) -> str:
        """The id that the path names, the workspace's part as it was created."""
        return "/".join((self.workspace.arm_id, *self.segments))

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            ArmError: 400 UserError when it is none.
        """
        try:
            value = json.loads(self.body or b"null")
        except ValueError as error:
            msg = f"The request content was invalid and could not be deserialized: {error}"
            raise invalid(msg) from error
        if not isinstance(value, dict) or not isinstance(value.get("properties") or {}, dict):
            msg = "The request content was invalid and could not be deserialized: it is no resource."
            raise invalid(msg)
        return value

    def document(self, documents: Documents, body: dict[str, Any]) -> Document:
        """The resource that a PUT of `body` makes: with id, name, type and who wrote it when."""
        held = documents.get(self.arm_id)
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        kind = "User" if self.principal == DEPLOYER else "Application"
        changed = {"lastModifiedAt": now, "lastModifiedBy": self.principal, "lastModifiedByType": kind}
        made = {"createdAt": now, "createdBy": self.principal, "createdByType": kind}
        told = {name: value for name, value in (held.body["systemData"] if held else made).items() if name.startswith("created")}
        arm_id = held.arm_id if held else self.arm_id
        whole = {**body, "id": arm_id, "name": self.segments[-1], "type": self.arm_type, "systemData": {**told, **changed}}
        return Document(arm_id=arm_id, body=whole)

    @property
    def arm_type(self) -> str:
        """The ARM type of what the path names."""
        return "/".join((WORKSPACE, *self.segments[::2]))


def listed(documents: list[Document], query: Mapping[str, str]) -> dict[str, Any]:
    """A list as Resource Manager gives it; `$top` and `listViewType` are honoured, archived ones left out unless asked for."""
    wanted = query.get("listViewType", "ActiveOnly")
    archived = {"ActiveOnly": (False,), "ArchivedOnly": (True,)}.get(wanted, (False, True))
    bodies = [item.body for item in documents if bool(item.properties.get("isArchived")) in archived]
    top = query.get("$top", "")
    return {"value": bodies[: int(top)] if top.isdigit() else bodies}
