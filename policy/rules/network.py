"""Rules for the network: security groups, subnets, flow logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from pulumi_policy import Severity

from .checks import between, each, equal, on
from .properties import Properties, read, texts
from .rule import Check, Rule
from .sources import checkov, ckv, ckv2, pol, psrule

DOCS = "https://learn.microsoft.com/azure/virtual-network"
GROUP, ENTRY = "azure-native:network:NetworkSecurityGroup", "azure-native:network:SecurityRule"
NETWORK, SUBNET = "azure-native:network:VirtualNetwork", "azure-native:network:Subnet"
WORLD = frozenset({"*", "0.0.0.0/0", "::/0", "internet", "any"})
ADMINISTRATION = (22, 80, 3389)
READS = ("access", "direction", "sourceAddressPrefix", "sourceAddressPrefixes", "destinationPortRange", "destinationPortRanges")
WITHOUT_GROUP = ("GatewaySubnet", "AzureFirewallSubnet")
"""Subnets on which Azure refuses a security group."""


def _prefixes(entry: Properties, name: str) -> list[str]:
    return [*texts(read(entry, name)), *texts(read(entry, f"{name}es" if name.endswith("x") else f"{name}s"))]


def _lets_the_world_in(entry: Properties) -> bool:
    if str(read(entry, "access")).casefold() != "allow" or str(read(entry, "direction")).casefold() != "inbound":
        return False
    return any(prefix.casefold() in WORLD for prefix in _prefixes(entry, "sourceAddressPrefix"))


def _ports(entry: Properties) -> Iterator[range]:
    for text in _prefixes(entry, "destinationPortRange"):
        low, _, high = text.partition("-")
        if text == "*":
            yield range(65536)
        elif low.isdecimal() and (high or low).isdecimal():
            yield range(int(low), int(high or low) + 1)


def _is_closed(entry: object) -> bool:
    """Tell whether a rule of a security group lets nobody in from everywhere."""
    return entry is None or (isinstance(entry, Mapping) and not _lets_the_world_in(entry))


def _hides_administration(entry: object) -> bool:
    """Tell whether a rule of a security group keeps ports for people and plain HTTP from the world."""
    if _is_closed(entry):
        return True
    ports = list(_ports(entry)) if isinstance(entry, Mapping) else [range(65536)]
    return not any(port in some for some in ports for port in ADMINISTRATION)


def _entries(check: Check) -> tuple[Check, Check]:
    """The same check of each rule in a group, and of a rule on its own."""
    inside = each("securityRules[?]", check.holds, check.allowed, *READS)
    return on(GROUP, inside), on(ENTRY, each("", check.holds, check.allowed, *READS))


def _has_group(subnet: object) -> bool:
    """Tell whether a subnet has a security group, or is one on which Azure refuses it."""
    if not isinstance(subnet, Mapping):
        return subnet is None
    name = read(subnet, "name") or read(subnet, "subnetName")
    return name in WITHOUT_GROUP or isinstance(read(subnet, "networkSecurityGroup"), Mapping)


_groups = partial(Rule, kinds=(GROUP, ENTRY))
_subnets = partial(Rule, kinds=(NETWORK, SUBNET))

RULES = (
    _groups(
        id="net-no-ssh-rdp-http",
        title="Nobody reaches SSH, RDP or plain HTTP from everywhere",
        breach="Ports that people administer machines by are open to the whole world.",
        checks=_entries(Check("", _hides_administration, "no inbound rule for ports 22, 80 or 3389 from everywhere")),
        severity=Severity.CRITICAL,
        source=checkov("9", ckv(10), ckv(160)),
        remedy="Name the addresses that may come, or take the rule away; people enter by Entra and a private network.",
        url=f"{DOCS}/network-security-groups-overview",
    ),
    _groups(
        id="net-no-any-inbound",
        title="No inbound rule is for everywhere",
        breach="The rule lets the whole world in.",
        checks=_entries(Check("", _is_closed, "sourceAddressPrefix other than * or Internet on inbound rules that allow")),
        severity=Severity.HIGH,
        source=psrule("Azure.NSG.AnyInboundSource", ckv(77)),
        remedy="Set source_address_prefix to a service tag, a range or a subnet.",
        url=f"{DOCS}/service-tags-overview",
    ),
    Rule(
        id="net-flow-log",
        title="Flow logs of the network are kept for ninety days",
        breach="Who talked to whom is not known any more when an intrusion is found.",
        kinds=("azure-native:network:FlowLog",),
        checks=(
            equal("enabled", wanted=True),
            equal("retentionPolicy.enabled", wanted=True),
            between("retentionPolicy.days", 90),
        ),
        severity=Severity.LOW,
        source=checkov("12", pol("4c3c6c5f")),
        remedy="Set retention_policy with enabled=True and days=90 on a FlowLog of the network; group flow logs are being retired.",
        url="https://learn.microsoft.com/azure/network-watcher/vnet-flow-logs-overview",
    ),
    _subnets(
        id="net-subnet-nsg",
        title="Every subnet has a security group",
        breach="Whatever stands in the subnet is reached by everything in the network.",
        checks=(
            on(NETWORK, each("subnets[?]", _has_group, "networkSecurityGroup on each subnet", "name", "networkSecurityGroup")),
            on(SUBNET, each("", _has_group, "networkSecurityGroup set", "name", "subnetName", "networkSecurityGroup")),
        ),
        severity=Severity.HIGH,
        source=psrule("Azure.VNET.UseNSGs", ckv2(31)),
        remedy="Set network_security_group on the subnet.",
        url=f"{DOCS}/network-security-groups-overview",
    ),
    _subnets(
        id="net-private-subnet",
        title="Subnets have no way out by default",
        breach="Machines reach the internet from an address that Azure picks and that no firewall knows.",
        checks=(
            on(NETWORK, equal("subnets[?].defaultOutboundAccess", wanted=False)),
            on(SUBNET, equal("defaultOutboundAccess", wanted=False)),
        ),
        severity=Severity.LOW,
        source=psrule("Azure.VNET.PrivateSubnet", pol("7bca8353")),
        remedy="Set default_outbound_access=False on the subnet and give it a NAT gateway if it needs a way out.",
        url=f"{DOCS}/ip-services/default-outbound-access",
    ),
)
