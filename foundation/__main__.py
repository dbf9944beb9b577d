"""The foundation, read from top to bottom: where state lies, what encrypts its secrets, who the pipelines are, what they run."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import authorization, resources

from contracts.names import RELEASE_PIPELINE
from foundation.components.key import Key, KeyArgs
from foundation.components.login import Login, LoginArgs
from foundation.components.project import Project, ProjectArgs
from foundation.components.starter import Starter, StarterArgs
from foundation.components.state import State, StateArgs
from foundation.organisation import Organisation
from foundation.placement import Placement
from foundation.settings import Settings

settings = Settings.load(pulumi.Config())
client = authorization.get_client_config_output()
group_name = settings.names.resource_group
group = resources.ResourceGroup("group", resource_group_name=group_name, location=settings.location, tags=settings.tags)
here = Placement(settings=settings, resource_group=group.name, client=client)

state = State("state", StateArgs(placement=here))
key = Key("key", KeyArgs(placement=here))
login = Login("login", LoginArgs(placement=here))
login.grant("state", "Storage Blob Data Contributor", state.container_id)
login.grant("key", "Key Vault Crypto User", key.vault_id)
login.grant_platform()

login.admit("state-person", "Storage Blob Data Contributor", state.container_id)
login.admit("key-person", "Key Vault Crypto User", key.vault_id)
if settings.deploy_by_hand:
    login.admit_platform()

organisation = Organisation.of(settings)
devops, stack = settings.devops, settings.environment
shared = {"placement": here, "organisation": organisation, "login": login, "variables": {**state.variables, **key.variables}}
releases = Project("releases", ProjectArgs(name=devops.release_project, **shared))
releases.environment("qa")
releases.environment("production", approvers=devops.release_approvers, exclusive=True)
release_id = releases.pipeline(RELEASE_PIPELINE, f"pipelines/release-{stack}.yml")
if settings.handler:
    args = StarterArgs(principal_id=settings.handler, project=releases, pipeline_id=release_id, organisation=organisation)
    Starter("handler", args)
code = Project("code", ProjectArgs(name=devops.project, **shared))
code.environment(f"platform-{stack}", approvers=devops.platform_approvers)
code.pipeline(f"audit-{stack}", f"pipelines/audit-{stack}.yml")
if devops.checks:
    code.environment("preview")
    code.pipeline("checks", "azure-pipelines.yml")

for name, value in {**state.variables, **key.variables}.items():
    pulumi.export(name, value)
