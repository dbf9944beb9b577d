"""The environment variables that aim unmodified Azure clients at the local cloud; the only place that knows them all."""

from __future__ import annotations

from local.services.cloud import Cloud

PROJECT = "local/mlops-forecasting"
"""Organization and project on Azure DevOps; the local service takes any."""


def client_environment(cloud: Cloud, identity: str, account: str = "") -> dict[str, str]:
    """Variables for a process that runs as `identity`, its Delta and blob clients on the storage `account`.

    On Azure the host of the process sets its own of these (App Service and Container Apps set `IDENTITY_ENDPOINT` and
    `IDENTITY_HEADER`), or none are needed.
    """
    authority = str(cloud.state / "tls" / "ca.pem")
    token = f"{cloud.endpoints.url('identity')}/msi/token"
    variables = {
        "IDENTITY_ENDPOINT": token,
        "IDENTITY_HEADER": identity,
        "AZURE_MSI_ENDPOINT": token,
        "ARM_CLOUD_METADATA_URL": f"{cloud.endpoints.url('arm')}/metadata/endpoints",
        "REQUESTS_CA_BUNDLE": authority,
        "SSL_CERT_FILE": authority,
        "ADO_URL": f"{cloud.endpoints.url('devops')}/{PROJECT}",
    }
    if account:
        variables["AZURE_ENDPOINT"] = f"{cloud.endpoints.url('blob')}/{account}"
    return variables
