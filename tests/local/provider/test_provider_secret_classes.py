"""What of a SecretProviderClass, and of a pod's volumes that name one, is refused before anything is made."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from pulumi.runtime.proto import provider_pb2 as pb

from local.endpoints import Endpoints
from local.provider import wire
from local.provider.checks import failures
from local.provider.kinds import KINDS
from local.provider.wire import UNKNOWN
from local.resources import Resource

KIND = KINDS["kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass"]
DEPLOYMENT = KINDS["kubernetes:apps/v1:Deployment"]
OBJECT = {"objectName": "scoring", "objectType": "secret", "objectAlias": "tls.pem"}


def told(provider: str = "azure", **parameters: Any) -> dict[str, Any]:
    usual = {"keyvaultName": "kv-shop", "tenantId": "t", "clientID": "c", "usePodIdentity": "false", "objects": objects(OBJECT)}
    metadata = {"name": "tls", "namespace": "shop"}
    spec = {"provider": provider, "parameters": usual | parameters}
    return {"apiVersion": "secrets-store.csi.x-k8s.io/v1", "kind": "SecretProviderClass", "metadata": metadata, "spec": spec}


def objects(*items: dict[str, str]) -> str:
    return yaml.safe_dump({"array": [yaml.safe_dump(item) for item in items]})


def paths(kind: Any, inputs: dict[str, Any]) -> list[str]:
    return [failure.path for failure in failures(kind, inputs)]


def test_a_class_of_the_azure_provider_passes_and_what_a_preview_does_not_know_too() -> None:
    assert paths(KIND, told()) == []
    assert paths(KIND, told(keyvaultName=UNKNOWN, clientID=UNKNOWN, objects=UNKNOWN)) == []


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        (told(provider="vault"), "spec.provider"),
        (told(useVMManagedIdentity="true"), "spec.parameters.useVMManagedIdentity"),
        (told(usePodIdentity="true"), "spec.parameters.usePodIdentity"),
        (told(objects="text"), "spec.parameters.objects"),
        (told(objects=objects({**OBJECT, "objectType": "cert"})), "spec.parameters.objects"),
        (told(objects=objects({**OBJECT, "objectVersion": "1"})), "spec.parameters.objects"),
        (told(objects=objects({**OBJECT, "objectAlias": "../tls.pem"})), "spec.parameters.objects"),
    ],
    ids=["provider", "identity of the node", "pod identity", "no YAML", "certificate alone", "version", "another folder"],
)
def test_what_else_a_class_says_is_refused_by_name(asked: dict[str, Any], path: str) -> None:
    assert paths(KIND, asked) == [path]


def test_secrets_that_are_to_become_kubernetes_own_are_refused() -> None:
    asked = told()
    asked["spec"]["secretObjects"] = []
    assert paths(KIND, asked) == ["spec.secretObjects"]


@pytest.mark.parametrize(
    ("csi", "good"),
    [
        ({"driver": "secrets-store.csi.k8s.io", "readOnly": True, "volumeAttributes": {"secretProviderClass": UNKNOWN}}, True),
        ({"driver": "secrets-store.csi.k8s.io", "volumeAttributes": {"secretProviderClass": "tls"}}, False),
        ({"driver": "disk.csi.azure.com", "readOnly": True, "volumeAttributes": {"secretProviderClass": "tls"}}, False),
        ({"driver": "secrets-store.csi.k8s.io", "readOnly": True, "volumeAttributes": {}}, False),
    ],
)
def test_a_pods_volume_is_of_the_drivers_read_only_and_by_a_class(csi: dict[str, Any], *, good: bool) -> None:
    pod = {"containers": [{"name": "app", "image": "i"}], "volumes": [{"name": "tls", "csi": csi}]}
    template = {"metadata": {"labels": {"app": "a"}}, "spec": pod}
    inputs = {"metadata": {"name": "a"}, "spec": {"selector": {"matchLabels": {"app": "a"}}, "template": template}}
    assert (paths(DEPLOYMENT, inputs) == []) is good


def test_a_vaults_address_is_where_its_certificates_answer(tmp_path: Any) -> None:
    vault, endpoints = KINDS["azure-native:keyvault:Vault"], Endpoints.of(tmp_path)
    made = Resource(id="/subscriptions/s/x/kv-Shop", type=vault.arm_type, name="kv-Shop", properties={})
    outputs = vault.outputs(endpoints, made.id, {"properties": {}})
    assert outputs["properties"]["vaultUri"] == f"https://127.0.0.1:{endpoints.keyvault}/kv-shop/"


def test_a_class_that_the_engine_makes_stands_with_its_spec_and_may_change(client: Any) -> None:
    def make(token: str, inputs: dict[str, Any]) -> Any:
        urn = f"urn:pulumi:dev::shop::{token}::it"
        assert list(client.stub.Check(pb.CheckRequest(urn=urn, news=wire.write(inputs))).failures) == []
        return client.stub.Create(pb.CreateRequest(urn=urn, properties=wire.write(inputs)))

    make("kubernetes:core/v1:Namespace", {"metadata": {"name": "shop"}})
    made = make(KIND.sdk_type, told())
    assert wire.read(made.properties)["spec"] == told()["spec"]
    held = client.resources.get("/kubernetes/secrets-store.csi.x-k8s.io/v1/SecretProviderClass/shop/tls")
    assert held is not None
    assert held.properties["spec"] == told()["spec"]
    urn = f"urn:pulumi:dev::shop::{KIND.sdk_type}::it"
    asked = pb.DiffRequest(id=made.id, urn=urn, old_inputs=wire.write(told()), news=wire.write(told(keyvaultName="kv-other")))
    answer = client.stub.Diff(asked)
    assert (answer.changes, list(answer.replaces)) == (pb.DiffResponse.DIFF_SOME, [])
