"""What the release program declares for a stack file and five digests."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployment.declared.model import Program
from deployment.declared.programs import DIGESTS, RELEASE, ROOT, declared, kubernetes, released, stack_values
from rollout.digests import KEYS
from rollout.engine import URLS

STACKS = ("dev", "prod")
DEPLOYMENT, STATEFUL_SET, SERVICE = "apps/v1:Deployment", "apps/v1:StatefulSet", "core/v1:Service"
ALL = {"qaDigest": "a", "blueDigest": "b", "greenDigest": "c", "active": "blue", "handlerDigest": "d"}
WORKLOADS = ("scoring-blue", "scoring-green", "event-handler")


def pod(program: Program, name: str) -> dict[str, Any]:
    """The pod of a Deployment or StatefulSet."""
    return {**kubernetes(program, DEPLOYMENT), **kubernetes(program, STATEFUL_SET)}[name].inputs["spec"]["template"]["spec"]


def container(program: Program, name: str) -> dict[str, Any]:
    """The only container of a workload."""
    (found,) = pod(program, name)["containers"]
    return found


def environment(program: Program, name: str) -> dict[str, Any]:
    """Variables of a workload's container."""
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in container(program, name)["env"]}


def group(program: Program) -> dict[str, Any]:
    """The container group in QA."""
    return program.one("containerinstance:ContainerGroup").inputs


def workloads(program: Program) -> set[str]:
    """Everything that runs an image or has an address."""
    kinds = (DEPLOYMENT, STATEFUL_SET, SERVICE, "policy/v1:PodDisruptionBudget")
    found = {f"{kind.rpartition(':')[2]} {name}" for kind in kinds for name in kubernetes(program, kind)}
    return found | {"ContainerGroup" for _ in program.of("containerinstance:ContainerGroup")}


def test_outputs_are_the_five_keys_and_four_addresses():
    outputs = released(**ALL).outputs
    assert set(outputs) == {*KEYS.values(), *URLS}
    assert {key: outputs[key] for key in KEYS.values()} == {key: DIGESTS.get(value, value) for key, value in ALL.items()}
    assert [outputs[name] for name in URLS] == [
        "https://20.1.1.1:8443",
        *(f"https://20.1.1.{number}:8443" for number in (3, 4, 2)),
    ]


@pytest.mark.parametrize(
    ("digests", "wanted"),
    [
        ({}, set()),
        ({"handlerDigest": "d"}, {"StatefulSet event-handler"}),
        ({"qaDigest": "a"}, {"ContainerGroup"}),
        ({"greenDigest": "a"}, {"Deployment scoring-green", "Service scoring-green", "PodDisruptionBudget scoring-green"}),
        (
            {"blueDigest": "a", "active": "blue"},
            {"Deployment scoring-blue", "Service scoring-blue", "PodDisruptionBudget scoring-blue", "Service scoring"},
        ),
    ],
)
def test_a_workload_without_a_digest_is_absent(digests, wanted):
    program = released(**digests)
    assert workloads(program) == wanted
    empty = {name for name in URLS if not program.outputs[name]}
    assert ("production_url" in empty) == ("active" not in digests)
    assert ("qa_url" in empty) == ("qaDigest" not in digests)


@pytest.mark.parametrize("slot", ["blue", "green"])
def test_the_production_service_selects_the_active_slot_and_each_slot_service_its_own(slot):
    services = kubernetes(released(**{**ALL, "active": slot}), SERVICE)
    selected = {name: service.inputs["spec"]["selector"] for name, service in services.items()}
    assert selected == {
        "scoring": {"app": "scoring", "slot": slot},
        "scoring-blue": {"app": "scoring", "slot": "blue"},
        "scoring-green": {"app": "scoring", "slot": "green"},
    }


def test_moving_the_active_slot_changes_the_production_service_and_nothing_else():
    def inputs(program: Program) -> dict[str, str]:
        return {item.urn: json.dumps(item.inputs, sort_keys=True) for item in program.resources}

    before, after = inputs(released(**ALL)), inputs(released(**{**ALL, "active": "green"}))
    assert {urn.rpartition("::")[2] for urn in before if before[urn] != after[urn]} == {"scoring-address"}
    assert set(before) == set(after)


def test_images_are_named_by_digest_in_the_platforms_registry():
    program = released(**ALL)
    server = declared("dev").outputs["registry_login_server"]
    assert group(program)["containers"][0]["image"] == f"{server}/scoring@{DIGESTS['a']}"
    assert {name: container(program, name)["image"] for name in WORKLOADS} == {
        "scoring-blue": f"{server}/scoring@{DIGESTS['b']}",
        "scoring-green": f"{server}/scoring@{DIGESTS['c']}",
        "event-handler": f"{server}/event-handler@{DIGESTS['d']}",
    }


def test_qa_and_production_differ_in_nothing_but_digest_place_and_where_the_proof_of_their_name_is():
    program = released(**{**ALL, "qaDigest": "b"})
    qa = {item["name"]: item["value"] for item in group(program)["containers"][0]["environmentVariables"]}
    outputs = declared("dev").outputs
    assert qa.pop("TLS_URL") == f"{outputs['key_vault_uri'].rstrip('/')}/secrets/scoring"
    assert {**qa, "TLS_FILE": "/mnt/tls/scoring.pem", "RELEASE": "blue"} == environment(program, "scoring-blue")
    assert qa == {
        "AZURE_CLIENT_ID": outputs["identities"]["scoring"]["client_id"],
        "FORECASTS_URL": outputs["forecasts_url"],
        "IMAGE_DIGEST": DIGESTS["b"],
        "LOGS_URL": outputs["logs_url"],
        "PORT": "8443",
        "RELEASE": "qa",
    }


def test_qa_is_in_the_platforms_network_and_a_private_one_has_addresses_that_only_its_network_reaches():
    way_out = f"{declared('dev').outputs['way_out']}/32"
    for stack, annotation, ranges in (("dev", None, [way_out]), ("prod", "true", ["10.0.0.0/8"])):
        program = released(stack, **ALL)
        qa = group(program)
        assert qa["ipAddress"]["type"] == "Private"
        assert [item["id"] for item in qa["subnetIds"]] == [declared(stack).outputs["qa_subnet_id"]]
        for service in kubernetes(program, SERVICE).values():
            annotations = service.inputs["metadata"].get("annotations") or {}
            assert annotations.get("service.beta.kubernetes.io/azure-load-balancer-internal") == annotation
            assert service.inputs["spec"]["loadBalancerSourceRanges"] == ranges


def test_pods_of_scoring_mount_the_vaults_certificate_as_their_own_identity():
    program, outputs = released(**ALL), declared("dev").outputs
    (fetched,) = kubernetes(program, "secrets-store.csi.x-k8s.io/v1:SecretProviderClass").values()
    told = fetched.inputs["spec"]["parameters"]
    assert fetched.inputs["metadata"] == {"name": "scoring", "namespace": "forecasting"}
    assert (told["keyvaultName"], told["clientID"]) == (outputs["key_vault_name"], outputs["identities"]["scoring"]["client_id"])
    (wanted,) = yaml.safe_load(told["objects"])["array"]
    assert yaml.safe_load(wanted) == {"objectName": "scoring", "objectType": "secret", "objectAlias": "scoring.pem"}
    for slot in ("scoring-blue", "scoring-green"):
        (volume,) = [item["csi"] for item in pod(program, slot)["volumes"] if item["name"] == "tls"]
        assert volume["volumeAttributes"] == {"secretProviderClass": "scoring"}
        (mount,) = [item for item in container(program, slot)["volumeMounts"] if item["name"] == "tls"]
        assert environment(program, slot)["TLS_FILE"] == f"{mount['mountPath']}/scoring.pem"


@pytest.mark.parametrize("slot", ["scoring-blue", "scoring-green"])
def test_probes_of_scoring_speak_https(slot):
    made = container(released(**ALL), slot)
    asked = [made[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")]
    assert {(item["scheme"], item["port"]) for item in asked} == {("HTTPS", 8443)}


def test_managed_prometheus_is_told_where_pods_of_scoring_tell_their_metrics():
    program = released(**ALL)
    settings = kubernetes(program, "core/v1:ConfigMap")["ama-metrics-settings-configmap"].inputs
    assert settings["metadata"]["namespace"] == "kube-system"
    assert settings["data"]["pod-annotation-based-scraping"] == 'podannotationnamespaceregex = "forecasting"'
    for slot in ("blue", "green"):
        template = kubernetes(program, DEPLOYMENT)[f"scoring-{slot}"].inputs["spec"]["template"]
        asked = {name.removeprefix("prometheus.io/"): value for name, value in template["metadata"]["annotations"].items()}
        assert asked == {"scrape": "true", "scheme": "https", "path": "/metrics", "port": "8443"}


def test_the_handler_knows_its_places_and_keeps_its_inbox_on_its_disk():
    program = released(**ALL)
    told, outputs = environment(program, "event-handler"), declared("dev").outputs
    assert told["HANDLER_ID"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    assert told["ADO_URL"] == "https://dev.azure.com/your-organisation/forecasting-dev"
    assert told["REGISTRY_LOGIN_SERVER"] == outputs["registry_login_server"]
    assert [told[name].rpartition("/")[2] for name in ("LAKE_ID", "ML_WORKSPACE_ID", "REGISTRY_ID")] == [
        outputs["lake_account"],
        outputs["ml_workspace"],
        outputs["registry_name"],
    ]
    mounts = {item["name"]: item["mountPath"] for item in container(program, "event-handler")["volumeMounts"]}
    (disk,) = kubernetes(program, STATEFUL_SET)["event-handler"].inputs["spec"]["volumeClaimTemplates"]
    assert told["HANDLER_STATE"] == mounts[disk["metadata"]["name"]]
    assert kubernetes(program, STATEFUL_SET)["event-handler"].inputs["spec"]["replicas"] == 1


@pytest.mark.parametrize("name", WORKLOADS)
@pytest.mark.parametrize("stack", STACKS)
def test_no_pod_has_more_rights_than_the_restricted_profile(stack, name):
    program = released(stack, **ALL)
    spec, made = pod(program, name), container(program, name)
    assert made["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "runAsUser": 10001,
    }
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert any(mount["name"] == "tmp" for mount in made["volumeMounts"])
    assert set(made["resources"]) == {"requests", "limits"}
    assert {"livenessProbe", "startupProbe"} <= set(made)


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_pod_acts_as_the_identity_of_its_service_account(name):
    program = released(**ALL)
    account = pod(program, name)["serviceAccountName"]
    role = {"scoring": "scoring", "event-handler": "handler"}[account]
    annotations = kubernetes(program, "core/v1:ServiceAccount")[account].inputs["metadata"]["annotations"]
    assert annotations["azure.workload.identity/client-id"] == declared("dev").outputs["identities"][role]["client_id"]
    template = {**kubernetes(program, DEPLOYMENT), **kubernetes(program, STATEFUL_SET)}[name].inputs["spec"]["template"]
    assert template["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    assert environment(program, name)["AZURE_CLIENT_ID"] == annotations["azure.workload.identity/client-id"]


def test_the_service_accounts_are_those_that_the_platform_trusts():
    trusted = {item.inputs["subject"] for item in declared("dev").of("managedidentity:FederatedIdentityCredential")}
    accounts = kubernetes(released(**ALL), "core/v1:ServiceAccount").values()
    subjects = {f"{item.inputs['metadata']['namespace']}:{item.inputs['metadata']['name']}" for item in accounts}
    assert {f"system:serviceaccount:{subject}" for subject in subjects} == trusted


def test_qa_pulls_and_works_as_the_scoring_identity_without_a_secret():
    program = released(**ALL)
    made, identity = group(program), declared("dev").outputs["identities"]["scoring"]["id"]
    assert made["identity"] == {"type": "UserAssigned", "userAssignedIdentities": [identity]}
    server = declared("dev").outputs["registry_login_server"]
    assert made["imageRegistryCredentials"] == [{"server": server, "identity": identity}]
    assert "secureValue" not in json.dumps(made)
    assert {"livenessProbe", "readinessProbe"} <= set(made["containers"][0])
    assert set(made["tags"]) == {"environment", "owner", "cost-center", "workload"}


@pytest.mark.parametrize("kind", ["core/v1:Secret", "core/v1:ConfigMap"])
def test_nothing_is_handed_over_by_secrets_of_the_cluster(kind):
    assert set(kubernetes(released(**ALL), kind)) <= {"ama-metrics-settings-configmap"}


def test_what_no_rule_allows_does_not_reach_a_pod():
    policies = kubernetes(released(**ALL), "networking.k8s.io/v1:NetworkPolicy")
    specs = {name: item.inputs["spec"] for name, item in policies.items()}
    assert specs["default-deny"]["podSelector"] == {"matchLabels": {}}
    assert (specs["default-deny"]["ingress"], specs["default-deny"]["egress"]) == ([], [])
    assert specs["event-handler"]["ingress"] == []
    opened = {port["port"] for rule in specs["scoring"]["ingress"] for port in rule["ports"]}
    assert opened == {8443}


@pytest.mark.parametrize(
    ("addresses", "ranges"),
    [([], []), (["20.50.1.0/24", "20.60.1.1"], ["20.50.1.0/24", "20.60.1.1/32"])],
)
def test_the_listed_addresses_and_the_networks_own_agents_alone_reach_the_load_balancers(addresses, ranges):
    services = kubernetes(released(**ALL, allowedAddresses=addresses), SERVICE)
    assert [item.inputs["spec"]["loadBalancerSourceRanges"] for item in services.values()] == [
        [*ranges, f"{declared('dev').outputs['way_out']}/32"]
    ] * 3


def test_kubernetes_objects_live_in_the_namespace_that_admits_restricted_pods_alone():
    program = released(**ALL)
    (namespace,) = kubernetes(program, "core/v1:Namespace").values()
    assert namespace.inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    cluster_wide = {namespace.name, "metrics-settings"}
    others = [item for item in program.resources if item.type.startswith("kubernetes:") and item.name not in cluster_wide]
    assert {item.inputs["metadata"]["namespace"] for item in others} == {"forecasting"}


@pytest.mark.parametrize("stack", STACKS)
def test_both_stacks_declare_the_same_resources(stack):
    listed = [(item.type, item.name, item.parent) for item in released(stack, **ALL).resources]
    assert sorted(listed) == sorted((item.type, item.name, item.parent) for item in released(**ALL).resources)


def test_production_spreads_replicas_and_keeps_the_inbox_on_a_zone_redundant_class():
    program = released("prod", **ALL)
    assert kubernetes(program, DEPLOYMENT)["scoring-blue"].inputs["spec"]["replicas"] == 3
    (spread,) = pod(program, "scoring-blue")["topologySpreadConstraints"]
    assert spread["topologyKey"] == "topology.kubernetes.io/zone"
    (disk,) = kubernetes(program, STATEFUL_SET)["event-handler"].inputs["spec"]["volumeClaimTemplates"]
    assert disk["spec"]["storageClassName"] == "managed-csi-premium"


def test_the_program_reads_like_a_table_of_contents_and_names_no_stack():
    assert len((ROOT / "release" / "__main__.py").read_text().splitlines()) < 50
    code = "\n".join(file.read_text() for file in (ROOT / "release").rglob("*.py"))
    assert not re.findall(r"""["'](?:dev|prod)["']""", code)


def test_the_stack_files_hold_no_digest():
    for stack in STACKS:
        assert not set(KEYS.values()) & set(stack_values(stack, RELEASE))
        assert "sha256" not in Path(ROOT / "release" / f"Pulumi.{stack}.yaml").read_text()
