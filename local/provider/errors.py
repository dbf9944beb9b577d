"""Refusals in Azure Resource Manager's own codes and texts."""

from __future__ import annotations

from collections.abc import Iterable

GONE = 404
CONFLICT = 409
BAD = 400


class ArmError(Exception):
    """A refusal by Resource Manager: HTTP status, code, message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status = status
        self.code = code
        self.message = message
        super().__init__(f'Status={status} Code="{code}" Message="{message}"')


class NotEmulatedError(Exception):
    """The program asks for something that Azure has and this machine does not."""

    def __init__(self, what: str, emulated: Iterable[str]) -> None:
        names = ", ".join(sorted(emulated))
        super().__init__(
            f"{what} is not emulated on this machine.\n"
            f"  given:   {what}\n"
            f"  allowed: {names}\n"
            f"  do:      Deploy it on a subscription, or leave it out of the stack that runs here."
        )


def group_not_found(group: str) -> ArmError:
    """A resource whose group does not exist."""
    return ArmError(GONE, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")


def parent_not_found(arm_type: str, parent: str) -> ArmError:
    """A nested resource whose parent does not exist."""
    relative = arm_type.partition("/")[2]
    text = f"Failed to perform 'write' on resource(s) of type '{relative}', because the parent resource '{parent}' could not be found."
    return ArmError(GONE, "ParentResourceNotFound", text)


def resource_not_found(resource_id: str) -> ArmError:
    """A resource that is named and does not exist."""
    group = resource_id.partition("/resourceGroups/")[2].partition("/")[0]
    named = resource_id.partition("/providers/")[2] or resource_id
    text = (
        f"The Resource '{named}' under resource group '{group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    )
    return ArmError(GONE, "ResourceNotFound", text)


def namespace_not_found(name: str) -> ArmError:
    """A resource of the cluster whose namespace does not exist."""
    return ArmError(GONE, "NotFound", f'namespaces "{name}" not found')


def already_exists(resource_id: str) -> ArmError:
    """A creation of what is there already, as the azure-native provider words it."""
    return ArmError(CONFLICT, "ResourceExists", f"cannot create already existing resource '{resource_id}'")


def vault_deleted(name: str) -> ArmError:
    """A new vault under the name of one that was deleted and not purged."""
    text = (
        f"A vault with the same name already exists in deleted state: '{name}'. You need to either recover or purge existing key "
        "vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete."
    )
    return ArmError(CONFLICT, "ConflictError", text)


def no_deleted_vault(name: str) -> ArmError:
    """A vault to recover that was never deleted."""
    return ArmError(GONE, "DeletedVaultNotFound", f"The specified deleted vault '{name}' does not exist.")


def written_at_once(parent: str) -> ArmError:
    """A credential of an identity that another credential is just written for.

    Source: hashicorp/terraform-provider-azurerm#19968, pulumi/pulumi-azure-native#4343.
    """
    text = (
        f"Too many Federated Identity Credentials are written concurrently for the managed identity '{parent}'. "
        "Concurrent Federated Identity Credentials writes under the same managed identity are not supported."
    )
    return ArmError(CONFLICT, "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity", text)


def same_already(arm_type: str) -> ArmError:
    """Another of the same content under another name.

    Source: Azure-Samples/azure-search-openai-demo#1091 (role assignments), Azure/bicep-types-az#2054 (credentials).
    """
    if arm_type.startswith("Microsoft.Authorization/"):
        return ArmError(CONFLICT, "RoleAssignmentExists", "The role assignment already exists.")
    return ArmError(CONFLICT, "Conflict", "Issuer and subject combination already exists for this Managed Identity.")


def one_per_stack(arm_type: str, there: str) -> ArmError:
    """A second namespace or registry: the local broker and the local registry serve one."""
    text = f"This machine serves one {arm_type} for a stack, and '{there}' is there already."
    return ArmError(CONFLICT, "QuotaExceeded", text)


def change_refused(path: str) -> ArmError:
    """A change of a property that is fixed once the resource exists."""
    return ArmError(BAD, "PropertyChangeNotAllowed", f"Changing property '{path}' is not allowed.")
