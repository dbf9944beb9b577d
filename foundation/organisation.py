"""The organisation on Azure DevOps, through the provider that is logged in as the person who runs the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import pulumi
import pulumi_azuredevops as azuredevops

from foundation.settings import DevOpsSettings, Settings


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """What of Azure DevOps exists before and is only looked up: projects, the repository, the approvers."""

    settings: DevOpsSettings
    provider: azuredevops.Provider

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The organisation of the settings; `az login` is the login."""
        provider = azuredevops.Provider("organisation", org_service_url=settings.devops.url)
        return cls(settings=settings.devops, provider=provider)

    @property
    def repository_id(self) -> pulumi.Output[str]:
        """Id of the repository that holds the pipelines' files."""
        found = azuredevops.get_git_repository_output(
            project_id=self.project_id(self.settings.project), name=self.settings.repository, opts=self._asked
        )
        return found.id

    def project_id(self, name: str) -> pulumi.Output[str]:
        """Id of a project."""
        return azuredevops.get_project_output(name=name, opts=self._asked).id

    def group_id(self, project_id: pulumi.Input[str], name: str) -> pulumi.Output[str]:
        """Id of a project's group, as checks take it."""
        return azuredevops.get_group_output(project_id=project_id, name=name, opts=self._asked).origin_id

    @property
    def _asked(self) -> pulumi.InvokeOutputOptions:
        return pulumi.InvokeOutputOptions(provider=self.provider)
