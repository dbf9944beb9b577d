"""Rules for container groups, in which an image is tested before it goes live."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial

from pulumi_policy import Severity

from .checks import absent, an_object, each, filled, one_of
from .images import is_pinned
from .properties import places, read
from .rule import Check, Rule
from .sources import benchmark, built_in, checkov, cis, ckv, pol, well_architected

DOCS = "https://learn.microsoft.com/azure/container-instances"
SECRETIVE = re.compile(r"(?i)(secret|password|passwd|token|apikey|api_key|connection_?string|account_?key|access_?key|sas)(_|$)")
"""Names of variables whose values are no business of whoever may read the group."""

_group = partial(Rule, kinds=("azure-native:containerinstance:ContainerGroup",))


def _hides_secrets(variable: object) -> bool:
    """Tell whether a variable that is named as a secret keeps its value out of sight."""
    name = read(variable, "name") if isinstance(variable, Mapping) else None
    return not isinstance(name, str) or not SECRETIVE.search(name) or read(variable, "value") is None


def _is_confined(context: object) -> bool:
    """Tell whether a security context takes rights away: no privilege, no way to it, an ordinary user."""
    if not isinstance(context, Mapping):
        return False
    user = read(context, "runAsUser")
    ordinary = isinstance(user, (int, float)) and not isinstance(user, bool) and user > 0
    return ordinary and read(context, "allowPrivilegeEscalation") is False and read(context, "privileged") is not True


def _asks_over_https(probe: object) -> bool:
    """Tell whether a probe, if it asks for a page, asks over HTTPS; whether there is one is another rule's."""
    page = read(probe, "httpGet") if isinstance(probe, Mapping) else None
    return not isinstance(page, Mapping) or read(page, "scheme") == "https"


def _is_at_home(group: object) -> bool:
    """Tell whether the group stands in a subnet; which one may come later."""
    subnets = places(group, "subnetIds[].id")
    return all(place.unknown or place.value for place in subnets) and read(group, "ipAddress.type") in (None, "Private")


RULES = (
    _group(
        id="aci-identity",
        title="Container groups act as an identity that is given",
        breach="The containers have no identity, so somebody will give them a secret.",
        checks=(one_of("identity.type", "UserAssigned"),),
        severity=Severity.HIGH,
        source=checkov("CKV2_AZURE_28", "Microsoft cloud security benchmark IM-3"),
        remedy='Set identity.type="UserAssigned" with the workload\'s identity on the ContainerGroup.',
        url=f"{DOCS}/container-instances-managed-identity",
    ),
    _group(
        id="aci-private",
        title="Container groups have no public address",
        breach="An image that is not yet trusted answers to the whole world.",
        checks=(each("", _is_at_home, "subnetIds set and ipAddress.type = Private", "subnetIds[].id", "ipAddress.type"),),
        severity=Severity.MEDIUM,
        source=checkov("98", ckv(245), pol("8af8f826")),
        remedy='Set subnet_ids to a delegated subnet and ip_address.type="Private" on the ContainerGroup.',
        url=f"{DOCS}/container-instances-vnet",
    ),
    _group(
        id="aci-secure-env",
        title="Secrets in variables are marked as such",
        breach="Everyone who may read the container group reads the secret with it.",
        checks=(
            each(
                "containers[].environmentVariables[]",
                _hides_secrets,
                "secure_value instead of value for variables named as secrets",
                "name",
                "value",
            ),
        ),
        severity=Severity.HIGH,
        source=checkov("235"),
        remedy="Move the variable's value to secure_value, or better, read it from the vault as the group's identity.",
        url=f"{DOCS}/container-instances-environment-variables",
    ),
    _group(
        id="aci-image-pinned",
        title="Container groups run images by digest or version",
        breach="What was tested yesterday and what starts tomorrow may be two images.",
        checks=(Check("containers[].image", is_pinned, "a digest, or a tag other than latest"),),
        severity=Severity.HIGH,
        source=cis("Docker", "4.2", pol("021f8078")),
        remedy="Name the image by digest: registry/repository@sha256:...",
        url="https://learn.microsoft.com/azure/container-registry/container-registry-image-tag-version",
    ),
    _group(
        id="aci-pull-by-identity",
        title="Container groups pull as their identity",
        breach="The group holds a password of the registry.",
        checks=(
            filled("imageRegistryCredentials[].identity"),
            absent("imageRegistryCredentials[].password", "identity"),
        ),
        severity=Severity.HIGH,
        source=built_in("021f8078", "Microsoft cloud security benchmark IM-3"),
        remedy="Set identity, and no username and password, in image_registry_credentials; give the identity AcrPull.",
        url=f"{DOCS}/using-azure-container-registry-mi",
    ),
    _group(
        id="aci-https",
        title="Container groups answer over HTTPS",
        breach="What an image answers before it is trusted goes over the network in clear text.",
        checks=tuple(
            each(f"containers[].{probe}", _asks_over_https, "httpGet.scheme = https", "httpGet.scheme")
            for probe in ("livenessProbe", "readinessProbe")
        ),
        severity=Severity.MEDIUM,
        source=benchmark("DP-3"),
        remedy="Let the service read its certificate from the vault as the group's identity, and set scheme to https on both probes.",
        url=f"{DOCS}/container-instances-liveness-probe",
    ),
    _group(
        id="aci-probes",
        title="Container groups are asked how they are",
        breach="A container that hangs is taken for one that works.",
        checks=(an_object("containers[].livenessProbe"), an_object("containers[].readinessProbe")),
        severity=Severity.LOW,
        source=well_architected("Reliability"),
        remedy="Set liveness_probe and readiness_probe on each container.",
        url=f"{DOCS}/container-instances-liveness-probe",
    ),
    _group(
        id="aci-security-context",
        title="Containers of a group run without privileges",
        breach="A hole in the service is a hole in its container, with the rights of root.",
        checks=(
            each(
                "containers[].securityContext",
                _is_confined,
                "securityContext with privileged=false, allowPrivilegeEscalation=false and runAsUser above 0",
                "privileged",
                "allowPrivilegeEscalation",
                "runAsUser",
            ),
        ),
        severity=Severity.LOW,
        source=cis("Docker", "5.4"),
        remedy="Set security_context where the SKU takes one (Azure does for confidential groups), else USER in the image.",
        url=f"{DOCS}/container-instances-confidential-overview",
    ),
    _group(
        id="aci-limits",
        title="Containers of a group have limits",
        breach="One container may starve the others of its group.",
        checks=(an_object("containers[].resources.limits"),),
        severity=Severity.LOW,
        source=well_architected("Cost Optimization"),
        remedy="Set resources.limits on each container.",
        url=f"{DOCS}/container-instances-resource-and-quota-limits",
    ),
)
