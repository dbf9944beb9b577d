"""The network: who can reach what, in a public stack and in a private one."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
import yaml
from hypothesis import given, strategies as st

from deployment.declared.clouds import id_of
from deployment.declared.model import Program
from deployment.declared.programs import OPENED, ROOT, declared
from infra.endpoints import TABLE as ENDPOINTS, ZONES
from infra.subnets import TABLE, Subnet, addressed
from tests.infra.golden_list import STACKS

SPACES = st.integers(16, 20).flatmap(
    lambda bits: st.integers(0, 2 ** (bits - 8) - 1).map(
        lambda place: f"{ipaddress.IPv4Address((10 << 24) + (place << (32 - bits)))}/{bits}"
    )
)


def subnets(program: Program) -> dict[str, dict[str, Any]]:
    """Subnets of the virtual network by name."""
    return {item["name"].removeprefix("snet-"): item for item in program.one("network:VirtualNetwork").inputs["subnets"]}


@given(SPACES)
def test_subnets_lie_in_the_space_and_never_overlap(space: str) -> None:
    ranges = [ipaddress.IPv4Network(text) for text in addressed(space).values()]
    assert len(ranges) == len(Subnet)
    assert all(item.subnet_of(ipaddress.IPv4Network(space)) for item in ranges)
    assert not any(one.overlaps(other) for index, one in enumerate(ranges) for other in ranges[:index])


def test_a_space_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.0/22 has no room for the subnet endpoints"):
        addressed("10.0.0.0/22")


@pytest.mark.parametrize("stack", STACKS)
def test_every_subnet_has_a_group_of_its_own_and_no_way_out_but_the_gateway(stack: str) -> None:
    found = subnets(declared(stack))
    groups = [item["networkSecurityGroup"]["id"] for item in found.values()]
    assert sorted(found) == sorted(Subnet)
    assert len(set(groups)) == len(TABLE)
    assert all(item["defaultOutboundAccess"] is False for item in found.values())
    assert [name for name, item in found.items() if "natGateway" not in item] == [Subnet.ENDPOINTS]


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_from_the_internet_is_let_in_but_the_callers_that_are_named(stack: str) -> None:
    opened = declared(stack, OPENED)
    rules = {item.name: item.inputs["securityRules"] for item in opened.of("network:NetworkSecurityGroup")}
    (callers,) = [rule for given in rules.values() for rule in given] if stack == "dev" else [None]
    assert all(not given for name, given in rules.items() if name != "cluster-rules")
    if callers:
        named = ["20.50.1.0/24", "20.60.1.1", opened.outputs["way_out"]]
        assert (callers["sourceAddressPrefixes"], callers["destinationPortRange"]) == (named, "8443")


@pytest.mark.parametrize("stack", STACKS)
def test_clusters_have_no_public_addresses_and_their_own_subnets(stack: str) -> None:
    program, network = declared(stack), declared(stack).one("network:VirtualNetwork").inputs["virtualNetworkName"]
    prefix = id_of("network:VirtualNetwork", network)
    for compute in program.of("machinelearningservices:Compute"):
        nodes = compute.inputs["properties"]["properties"]
        assert (nodes["enableNodePublicIp"], nodes["subnet"]["id"]) == (False, f"{prefix}/subnets/snet-training")
    parameters = program.one("databricks:Workspace").inputs["parameters"]
    assert parameters["customVirtualNetworkId"]["value"] == prefix
    assert parameters["customPublicSubnetName"]["value"] == "snet-databricks-host"
    assert parameters["customPrivateSubnetName"]["value"] == "snet-databricks-container"
    for pool in program.one("containerservice:ManagedCluster").inputs["agentPoolProfiles"]:
        assert pool["vnetSubnetID"] == f"{prefix}/subnets/snet-cluster"


def test_databricks_and_other_services_own_the_subnets_that_are_handed_over() -> None:
    found = subnets(declared("dev"))
    for row in TABLE:
        assert [item["serviceName"] for item in found[row.subnet]["delegations"]] == ([row.delegated] if row.delegated else [])


DOORS = [
    ("storage:StorageAccount", ("publicNetworkAccess",), "Disabled"),
    ("keyvault:Vault", ("properties", "publicNetworkAccess"), "Disabled"),
    ("containerregistry:Registry", ("publicNetworkAccess",), "Disabled"),
    ("eventhub:Namespace", ("publicNetworkAccess",), "Disabled"),
    ("eventhub:NamespaceNetworkRuleSet", ("publicNetworkAccess",), "Disabled"),
    ("databricks:Workspace", ("publicNetworkAccess",), "Disabled"),
    ("databricks:Workspace", ("requiredNsgRules",), "NoAzureDatabricksRules"),
    ("machinelearningservices:Workspace", ("publicNetworkAccess",), "Disabled"),
    ("containerservice:ManagedCluster", ("apiServerAccessProfile", "enablePrivateCluster"), True),
]


@pytest.mark.parametrize(("token", "path", "closed"), DOORS, ids=str)
def test_a_private_stack_has_no_public_door_and_a_public_one_has(token: str, path: tuple[str, ...], closed: object) -> None:
    public, private = (_values(declared(stack), token, path) for stack in STACKS)
    assert set(private) == {closed}
    assert closed not in public


def test_no_address_opens_a_private_stack() -> None:
    opened = declared("prod", OPENED)
    assert "20.50.1.0" not in str([item.inputs for item in opened.azure()])


def test_a_public_stack_lets_in_its_own_subnets_and_a_private_one_none() -> None:
    public, private = declared("dev"), declared("prod")
    for item in (
        *public.of("storage:StorageAccount"),
        public.one("keyvault:Vault"),
        public.one("eventhub:NamespaceNetworkRuleSet"),
    ):
        assert "/subnets/snet-databricks-host" in str(item.inputs)
        assert "/subnets/snet-endpoints" not in str(item.inputs)
    assert "/subnets/" not in str([item.inputs for item in private.of("storage:StorageAccount")])
    assert all(item["serviceEndpoints"] for name, item in subnets(public).items() if name != Subnet.ENDPOINTS)
    assert [name for name, item in subnets(private).items() if item["serviceEndpoints"]] == [Subnet.AGENTS]


def test_each_endpoint_leads_to_its_part_and_is_named_in_its_zones() -> None:
    program = declared("prod")
    made = {item.name: item.inputs for item in program.of("network:PrivateEndpoint")}
    names = {item.name: item.inputs for item in program.of("network:PrivateDnsZoneGroup")}
    ends = {
        "databricks-storage": "/stdbwmlopsforecasting",
        "lake": "/dlsmlopsforecasting",
        "ml-storage": "/stmlwmlopsforecasting",
        "bus": "Namespace/evh-mlops-forecasting",
    }
    for row in ENDPOINTS:
        (connection,) = made[f"{row.name}-endpoint"]["privateLinkServiceConnections"]
        assert connection["groupIds"] == [row.group]
        assert connection["privateLinkServiceId"].endswith(
            ends.get(row.part, "-mlops-forecasting" if row.part != "registry" else "")
        )
        group = names[f"{row.name}-names"]
        assert group["privateEndpointName"] == made[f"{row.name}-endpoint"]["privateEndpointName"]
        assert [item["privateDnsZoneId"].rpartition("/")[2] for item in group["privateDnsZoneConfigs"]] == list(row.zones)


def test_every_zone_is_linked_once_and_registers_nothing() -> None:
    links = declared("prod").of("privatedns:VirtualNetworkLink")
    assert sorted(item.inputs["privateZoneName"] for item in links) == sorted(ZONES)
    assert {item.inputs["registrationEnabled"] for item in links} == {False}


def _values(program: Program, token: str, path: tuple[str, ...]) -> list[Any]:
    found = []
    for item in program.of(token):
        value: Any = item.inputs
        for step in path:
            value = value[step]
        found.append(value)
    assert found
    return found


@pytest.mark.parametrize(("stack", "name"), [("dev", "vnet-mlops-forecasting-dev"), ("prod", "vnet-mlops-forecasting")])
def test_a_stack_has_agents_inside_its_network_and_its_pipelines_run_there(stack: str, name: str) -> None:
    program = declared(stack)
    pool = program.one("devopsinfrastructure:Pool")
    subnet = id_of("network:VirtualNetwork", f"{name}/subnets/snet-agents")
    assert pool.inputs["fabricProfile"]["networkProfile"]["subnetId"] == subnet == program.outputs["agents_subnet_id"]
    assert any("RoleAssignment::devops-pools-network-contributor-network" in urn for urn in pool.dependencies)
    for pipeline in ("release", "audit"):
        assert yaml.safe_load((ROOT / "pipelines" / f"{pipeline}-{stack}.yml").read_text())["pool"] == pool.inputs["poolName"]
    checks = yaml.safe_load((ROOT / "azure-pipelines.yml").read_text())
    jobs = [job["parameters"] for stage in checks["stages"] for job in stage["jobs"] if "parameters" in job]
    assert {job["pool"]["name"] for job in jobs if job["stack"] == stack} == {pool.inputs["poolName"]}


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_agents_reach_state_and_key_of_the_foundation_by_their_subnet(stack: str) -> None:
    network = declared(stack).one("network:VirtualNetwork").inputs
    (agents,) = [subnet for subnet in network["subnets"] if subnet["name"] == "snet-agents"]
    assert {"Microsoft.Storage", "Microsoft.KeyVault"} <= {item["service"] for item in agents["serviceEndpoints"]}


def test_images_are_built_inside_where_the_registry_has_no_other_door() -> None:
    prefix = id_of("network:VirtualNetwork", "vnet-mlops-forecasting/subnets/snet-")
    assert declared("prod").one("containerregistry:AgentPool").inputs["virtualNetworkSubnetResourceId"] == f"{prefix}builds"
    assert not declared("dev").of("containerregistry:AgentPool")
