"""`Settings`: in which two foundations may differ, read once from the stack file and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import pulumi

from contracts.errors import FourPartError
from contracts.names import FoundationNames, foundation_names
from contracts.section import Section

PROJECT = "mlops-forecasting-foundation"
PLAIN = ("environment", "workload", "suffix", "location", "owner", "costCenter", "handler", "agents")
STRUCTURED = ("allowedAddresses", "deployByHand", "state", "devops")
OBJECT_ID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
SUBNET = r"/subscriptions/[0-9a-f-]{36}/resourceGroups/[^/]+/providers/Microsoft\.Network/virtualNetworks/[^/]+/subnets/[^/]+"
GROUP = r"[^/\\:?#*\"<>|]{0,64}"
WORDS = (r"[^\s/\\:?#*\"<>|][^/\\:?#*\"<>|]{0,63}", '1-64 characters, none of /\\:?#*"<>|')


@dataclass(frozen=True, kw_only=True)
class StateSettings:
    """Replication of the account that holds Pulumi's state, and how long deleted or replaced state and keys stay (days)."""

    sku: str
    keep_days: int
    purge_protection: bool

    @classmethod
    def read(cls, section: Section) -> Self:
        """Read the section `state`; Key Vault keeps 7 to 90 days."""
        return cls(
            sku=section.choice("sku", ("Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_GZRS")),
            keep_days=section.whole("keepDays", 7, 90),
            purge_protection=section.flag("purgeProtection"),
        )


@dataclass(frozen=True, kw_only=True)
class DevOpsSettings:
    """Where on Azure DevOps the repository and the releases are; `checks` makes the pipeline of pull requests and main, too."""

    organisation: str
    project: str
    repository: str
    release_project: str
    release_approvers: str
    platform_approvers: str
    checks: bool

    @classmethod
    def read(cls, section: Section) -> Self:
        """Read the section `devops`."""
        return cls(
            organisation=section.text("organisation", r"[A-Za-z0-9][A-Za-z0-9-]{0,48}", "letters, digits and dashes"),
            project=section.text("project", *WORDS),
            repository=section.text("repository", *WORDS),
            release_project=section.text("releaseProject", *WORDS),
            release_approvers=section.text("releaseApprovers", GROUP, "a group of the project, or nothing"),
            platform_approvers=section.text("platformApprovers", GROUP, "a group of the project, or nothing"),
            checks=section.flag("checks"),
        )

    @property
    def url(self) -> str:
        """Address of the organisation."""
        return f"https://dev.azure.com/{self.organisation}"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One foundation, checked; `deploy_by_hand` gives whoever bootstraps what the pipelines have on data.

    `handler` is the object id of the platform's event handler and `agents` the ARM id of its agents' subnet; `make bootstrap`
    sets both once there is a platform.
    """

    environment: str
    location: str
    tags: Mapping[str, str]
    names: FoundationNames
    allowed_addresses: tuple[str, ...]
    deploy_by_hand: bool
    handler: str
    agents: str
    state: StateSettings
    devops: DevOpsSettings

    @classmethod
    def load(cls, config: pulumi.Config) -> Self:
        """Read and check the stack's configuration.

        Raises:
            pulumi.RunError: when `of` refuses a value; the engine shows such an error without a trace.
        """
        plain = {key: value for key in PLAIN if (value := config.get(key)) is not None}
        structured = {key: json.loads(value) for key in STRUCTURED if (value := config.get(key)) is not None}
        try:
            return cls.of({**plain, **structured})
        except FourPartError as error:
            raise pulumi.RunError(str(error)) from error

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Check the values of a stack file, keys without the project's name.

        Raises:
            SettingRefusedError: when a key is missing, unknown, mistyped or out of range.
            NameRefusedError: when a name built from `workload` and `suffix` is one that Azure refuses.
        """
        top = Section(f"{PROJECT}:", {"handler": "", "agents": "", **values})
        workload = top.text("workload", r"[a-z][a-z0-9-]{2,30}", "3-31 lower-case letters, digits and dashes")
        environment = top.text("environment", r"[a-z][a-z0-9-]{1,15}", "2-16 lower-case letters, digits and dashes")
        tags = {
            "environment": environment,
            "owner": top.text("owner", r".{1,256}", "1-256 characters"),
            "cost-center": top.text("costCenter", r".{1,256}", "1-256 characters"),
            "workload": workload,
        }
        state = Section(f"{PROJECT}:state.", values.get("state", {}))
        devops = Section(f"{PROJECT}:devops.", values.get("devops", {}))
        settings = cls(
            environment=environment,
            location=top.text("location", r"[a-z]{3,24}\d?", "an Azure region such as westeurope"),
            tags=tags,
            names=foundation_names(workload, top.text("suffix", r"[a-z0-9]{0,8}", "0-8 lower-case letters and digits")),
            allowed_addresses=top.addresses("allowedAddresses"),
            deploy_by_hand=top.flag("deployByHand"),
            handler=top.text("handler", f"({OBJECT_ID})?", "the object id of an identity, or nothing"),
            agents=top.text("agents", f"({SUBNET})?", "the ARM id of a subnet, or nothing"),
            state=StateSettings.read(state),
            devops=DevOpsSettings.read(devops),
        )
        for section in (state, devops):
            section.close()
        return settings
