"""Where Azure has regions, and what it says of a place that is none.

Source: "List of Azure regions" (learn.microsoft.com), names as `az account list-locations` gives them, public cloud.
"""

from __future__ import annotations

EVERYWHERE = "global"
"""Place of resources that belong to no region: zones of DNS, action groups."""

_NAMES = """
australiacentral australiacentral2 australiaeast australiasoutheast austriaeast belgiumcentral brazilsouth brazilsoutheast
canadacentral canadaeast centralindia centralus chilecentral eastasia eastus eastus2 francecentral francesouth germanynorth
germanywestcentral indonesiacentral israelcentral italynorth japaneast japanwest jioindiacentral jioindiawest koreacentral
koreasouth malaysiawest mexicocentral newzealandnorth northcentralus northeurope norwayeast norwaywest polandcentral
qatarcentral southafricanorth southafricawest southcentralus southeastasia southindia spaincentral swedencentral
switzerlandnorth switzerlandwest uaecentral uaenorth uksouth ukwest westcentralus westeurope westindia westus westus2 westus3
"""
REGIONS = frozenset(_NAMES.split())


def plain(location: str) -> str:
    """The name by which Azure compares places: `West Europe` is `westeurope`."""
    return location.replace(" ", "").lower()


def fault_of(location: str, arm_type: str) -> str:
    """What Azure says of a place that it does not know; empty for one that it has."""
    if plain(location) in REGIONS | {EVERYWHERE}:
        return ""
    near = ", ".join(sorted(REGIONS))
    return (
        f"LocationNotAvailableForResourceType: The provided location '{location}' is not available for resource type '{arm_type}'."
        f" List of available regions for the resource type is '{near}'."
    )
