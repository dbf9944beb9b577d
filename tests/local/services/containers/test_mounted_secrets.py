"""Pods whose volume holds a certificate of the vault: they serve TLS with it, follow it, and do not start without it."""

import ssl
import stat
from pathlib import Path

import httpx
import pytest
import yaml

from local.resources import Resource
from local.services.containers.addresses import service_address
from local.services.containers.models import DEPLOYMENT
from local.services.containers.secret_classes import DRIVER, SECRET_CLASS
from local.services.keyvault.models import Certificates, Version
from local.tokens import TENANT
from tests.local.services.conftest import GROUP
from tests.local.services.containers.conftest import PORT, Cluster, until

pytestmark = pytest.mark.flow
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-shop"
ROLE = "Key Vault Secrets User"


@pytest.fixture(autouse=True)
def vault(cluster: Cluster):
    """A vault that scoring reads, and the class by which it does."""
    cluster.site.add("Microsoft.KeyVault/vaults", VAULT, location="westeurope")
    cluster.site.assign("principal-of-id-scoring", ROLE, VAULT)
    secret_class(cluster)
    yield
    cluster.site.unassign(ROLE)


def secret_class(cluster: Cluster, name: str = "tls", **changed: str) -> Resource:
    told = {"objectName": changed.pop("objectName", "scoring"), "objectType": "secret", "objectAlias": "tls.pem"}
    parameters = {
        "keyvaultName": "kv-shop",
        "tenantId": TENANT,
        "clientID": "client-of-id-scoring",
        "usePodIdentity": "false",
        "objects": yaml.safe_dump({"array": [yaml.safe_dump(told)]}),
    }
    spec = {"provider": "azure", "parameters": parameters | changed}
    return cluster.put(SECRET_CLASS, name, metadata={"name": name, "namespace": "shop"}, spec=spec)


def certify(cluster: Cluster, address: str = "127.0.0.1") -> Version:
    x509 = {"subject": "CN=scoring", "sans": {"ipAddresses": [address]}}
    policy = {"issuer": {"name": "Self"}, "secret_props": {"contentType": "application/x-pem-file"}, "x509_props": x509}
    return Certificates(cluster.site.cloud).create("kv-shop", "scoring", policy, {})


def deploy(cluster: Cluster, name: str, by: str = "tls") -> Resource:
    template = cluster.template(name, TLS="/mnt/tls/tls.pem", VERSION="1")
    csi = {"driver": DRIVER, "readOnly": True, "volumeAttributes": {"secretProviderClass": by}}
    template["spec"]["volumes"] = [{"name": "certificate", "csi": csi}]
    container = template["spec"]["containers"][0]
    container["volumeMounts"] = [{"name": "certificate", "mountPath": "/mnt/tls", "readOnly": True}]
    container["readinessProbe"]["httpGet"]["scheme"] = "HTTPS"
    spec = {"replicas": 1, "progressDeadlineSeconds": 30, "template": template}
    return cluster.put(DEPLOYMENT, name, metadata={"name": name, "namespace": "shop"}, spec=spec)


def mounted(cluster: Cluster, made: Resource) -> Path:
    (pod,) = cluster.pods(made)
    return cluster.site.cloud.state / "containers" / "empty" / pod.name / "certificate" / "tls.pem"


def refusal(cluster: Cluster, made: Resource) -> str:
    until(lambda: [pod for pod in cluster.pods(made) if pod.reason == "FailedMount"])
    (pod,) = cluster.pods(made)
    assert (pod.ready, pod.pid) == (False, None)
    assert pod.message.startswith(
        'MountVolume.SetUp failed for volume "certificate" : rpc error: code = Unknown desc = failed to'
    )
    return pod.message


def test_a_pod_serves_tls_with_the_vaults_certificate_and_leaves_no_key(cluster):
    where = service_address(cluster.site.cloud.endpoints, "shop", "secure")
    version = certify(cluster, where)
    made = deploy(cluster, "secure")
    cluster.serve("secure", "secure")
    cluster.ready(made)
    file, trust = (
        mounted(cluster, made),
        ssl.create_default_context(cadata=version.pem.partition("-----END PRIVATE KEY-----\n")[2]),
    )
    until(lambda: httpx.get(f"https://{where}:{PORT}", verify=trust).text == "1")
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == (version.pem, 0o600)
    cluster.remove(made)
    assert not file.parent.exists()


def test_the_files_of_a_running_pod_follow_a_new_version(cluster):
    certify(cluster)
    made = deploy(cluster, "followed")
    cluster.ready(made)
    file, pid = mounted(cluster, made), cluster.pods(made)[0].pid
    second = certify(cluster)
    until(lambda: file.read_text() == second.pem)
    assert cluster.pods(made)[0].pid == pid
    cluster.remove(made)


def test_without_the_role_a_pod_does_not_start_and_starts_once_it_has_it(cluster):
    certify(cluster)
    cluster.site.unassign(ROLE)
    made = deploy(cluster, "barred")
    told = refusal(cluster, made)
    assert "RESPONSE 403" in told
    assert "Caller is not authorized to perform action on resource" in told
    cluster.site.assign("principal-of-id-scoring", ROLE, VAULT)
    cluster.ready(made)
    cluster.remove(made)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"objectName": "absent"}, "SecretNotFound"),
        ({"keyvaultName": "kv-gone"}, "There is no key vault 'kv-gone'"),
        ({"clientID": "client-of-id-ingest"}, "AADSTS700213: No matching federated identity record"),
        ({"tenantId": "another"}, "Tenant 'another' not found"),
        ({"objects": ""}, "keyvaultName, tenantId or objects is not set"),
    ],
)
def test_a_class_that_leads_nowhere_is_told_as_the_pods_reason(cluster, changed, words):
    certify(cluster)
    secret_class(cluster, "wrong", **changed)
    made = deploy(cluster, "wrong", by="wrong")
    assert words in refusal(cluster, made)
    cluster.remove(made)


def test_a_class_that_is_not_there_is_named(cluster):
    made = deploy(cluster, "classless", by="none")
    assert 'secretproviderclass shop/none, error: SecretProviderClass.secrets-store.csi.x-k8s.io "none" not found' in refusal(
        cluster, made
    )
    cluster.remove(made)
