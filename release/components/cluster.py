"""The platform's cluster as this program enters it, and the namespace with its accounts and closed doors."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_azure_native import containerservice as aks
from pulumi_kubernetes import core, meta, networking

from contracts.names import HANDLER, NAMESPACE, SCORING, SCORING_PORT
from release.platform_stack import Platform

ROLES: Mapping[str, str] = {SCORING: "scoring", HANDLER: "handler"}
"""Service account by the role of the identity that it acts as."""
DNS_PORT, HTTPS_PORT, KAFKA_PORT = 53, 443, 9093


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """The platform whose cluster it is."""

    platform: Platform


class Cluster(pulumi.ComponentResource):
    """A provider logged in to the cluster, and a namespace in which pods reach what they need and nothing reaches them.

    The platform's cluster has no local accounts: its kubeconfig holds no secret but calls `kubelogin`, which the agent
    must have, with AAD_LOGIN_METHOD set (`azurecli` in an AzureCLI task, `workloadidentity` on a federated agent), and an
    identity with the role *Azure Kubernetes Service RBAC Cluster Admin*, since it makes the namespace ("Use kubelogin to
    authenticate users in AKS", learn.microsoft.com).
    """

    options: pulumi.ResourceOptions
    """For what is put into the namespace: through this provider, after the namespace."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlops-forecasting:release:Cluster", name, None, opts)
        self._platform = args.platform
        child = pulumi.ResourceOptions(parent=self)
        provider = kubernetes.Provider(name, kubeconfig=_kubeconfig(args.platform, child), opts=child)
        self._child = pulumi.ResourceOptions(parent=self, provider=provider)
        namespace = core.v1.Namespace(NAMESPACE, metadata=_namespace(), opts=self._child)
        self._child = pulumi.ResourceOptions(parent=self, provider=provider, depends_on=[namespace])
        accounts = [self._account(account, role) for account, role in ROLES.items()]
        self._policies()
        self._scraping()
        self.options = pulumi.ResourceOptions(provider=provider, depends_on=[namespace, *accounts])
        self.register_outputs({})

    def _account(self, account: str, role: str) -> core.v1.ServiceAccount:
        annotations = {
            "azure.workload.identity/client-id": self._platform.identity(role, "client_id"),
            "azure.workload.identity/tenant-id": self._platform.get(lambda outputs: outputs.tenant_id),
        }
        return core.v1.ServiceAccount(
            account,
            metadata=meta.v1.ObjectMetaArgs(name=account, namespace=NAMESPACE, annotations=annotations),
            automount_service_account_token=False,
            opts=self._child,
        )

    def _policies(self) -> None:
        self._policy("default-deny", {}, [], [])
        self._policy(SCORING, {"app": SCORING}, [_ports(SCORING_PORT)], [_dns(), _egress(HTTPS_PORT)])
        self._policy(HANDLER, {"app": HANDLER}, [], [_dns(), _egress(HTTPS_PORT, KAFKA_PORT)])

    def _scraping(self) -> None:
        """Managed Prometheus looks at annotations of pods only in the namespaces that it is told.

        Source: "Customize scraping of Prometheus metrics in Azure Monitor" (learn.microsoft.com).
        """
        settings = {
            "schema-version": "v1",
            "config-version": "ver1",
            "pod-annotation-based-scraping": f'podannotationnamespaceregex = "{NAMESPACE}"',
        }
        core.v1.ConfigMap(
            "metrics-settings",
            metadata=meta.v1.ObjectMetaArgs(name="ama-metrics-settings-configmap", namespace="kube-system"),
            data=settings,
            opts=self._child,
        )

    def _policy(
        self,
        name: str,
        labels: Mapping[str, str],
        ingress: list[networking.v1.NetworkPolicyIngressRuleArgs],
        egress: list[networking.v1.NetworkPolicyEgressRuleArgs],
    ) -> None:
        networking.v1.NetworkPolicy(
            f"{name}-traffic",
            metadata=meta.v1.ObjectMetaArgs(name=name, namespace=NAMESPACE),
            spec=networking.v1.NetworkPolicySpecArgs(
                pod_selector=meta.v1.LabelSelectorArgs(match_labels=dict(labels)),
                policy_types=["Ingress", "Egress"],
                ingress=ingress,
                egress=egress,
            ),
            opts=self._child,
        )


def _kubeconfig(platform: Platform, child: pulumi.ResourceOptions) -> pulumi.Output[str]:
    found = aks.list_managed_cluster_user_credentials_output(
        resource_group_name=platform.get(lambda outputs: outputs.resource_group),
        resource_name=platform.get(lambda outputs: outputs.kubernetes_name),
        format="exec",
        opts=pulumi.InvokeOutputOptions(parent=child.parent),
    )
    return pulumi.Output.secret(found.apply(lambda answer: base64.b64decode(answer.kubeconfigs[0].value).decode()))


def _namespace() -> meta.v1.ObjectMetaArgs:
    """The namespace admits no pod below the restricted profile (Pod Security Admission)."""
    levels = ("enforce", "warn", "audit")
    return meta.v1.ObjectMetaArgs(
        name=NAMESPACE, labels={f"pod-security.kubernetes.io/{level}": "restricted" for level in levels}
    )


def _ports(port: int) -> networking.v1.NetworkPolicyIngressRuleArgs:
    return networking.v1.NetworkPolicyIngressRuleArgs(ports=[networking.v1.NetworkPolicyPortArgs(port=port, protocol="TCP")])


def _egress(*ports: int) -> networking.v1.NetworkPolicyEgressRuleArgs:
    return networking.v1.NetworkPolicyEgressRuleArgs(
        ports=[networking.v1.NetworkPolicyPortArgs(port=port, protocol="TCP") for port in ports]
    )


def _dns() -> networking.v1.NetworkPolicyEgressRuleArgs:
    return networking.v1.NetworkPolicyEgressRuleArgs(
        ports=[networking.v1.NetworkPolicyPortArgs(port=DNS_PORT, protocol=protocol) for protocol in ("UDP", "TCP")]
    )
