"""The table of private endpoints: which sub-resource of which part is entered, and the DNS zones that lead there.

Source: "Azure Private Endpoint private DNS zone values" (learn.microsoft.com).
"""

from __future__ import annotations

from dataclasses import dataclass

from infra.parts import Part


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One endpoint: `group` is the sub-resource in Azure's words; its names stand in `zones`."""

    name: str
    part: Part
    group: str
    zones: tuple[str, ...]


BLOB = "privatelink.blob.core.windows.net"
DFS = "privatelink.dfs.core.windows.net"
DATABRICKS = "privatelink.azuredatabricks.net"

TABLE: tuple[Endpoint, ...] = (
    # Clients of the lake use both doors: Delta tables are written by blobs, directories are made and renamed by dfs.
    Endpoint(name="lake-blob", part=Part.LAKE, group="blob", zones=(BLOB,)),
    Endpoint(name="lake-dfs", part=Part.LAKE, group="dfs", zones=(DFS,)),
    Endpoint(name="ml-blob", part=Part.ML_STORAGE, group="blob", zones=(BLOB,)),
    Endpoint(name="ml-file", part=Part.ML_STORAGE, group="file", zones=("privatelink.file.core.windows.net",)),
    Endpoint(name="vault", part=Part.VAULT, group="vault", zones=("privatelink.vaultcore.azure.net",)),
    Endpoint(name="registry", part=Part.REGISTRY, group="registry", zones=("privatelink.azurecr.io",)),
    Endpoint(name="bus", part=Part.BUS, group="namespace", zones=("privatelink.servicebus.windows.net",)),
    Endpoint(
        name="workspace",
        part=Part.WORKSPACE,
        group="amlworkspace",
        zones=("privatelink.api.azureml.ms", "privatelink.notebooks.azure.net"),
    ),
    Endpoint(name="databricks", part=Part.DATABRICKS, group="databricks_ui_api", zones=(DATABRICKS,)),
    # The workspace's own account is closed too (`defaultStorageFirewall`); clusters keep logs and libraries there.
    Endpoint(name="databricks-blob", part=Part.DATABRICKS_STORAGE, group="blob", zones=(BLOB,)),
    Endpoint(name="databricks-dfs", part=Part.DATABRICKS_STORAGE, group="dfs", zones=(DFS,)),
    # People's logins come back through this one; one workspace of a region and its zone may hold it.
    Endpoint(name="databricks-login", part=Part.DATABRICKS, group="browser_authentication", zones=(DATABRICKS,)),
)

ZONES: tuple[str, ...] = tuple(dict.fromkeys(zone for row in TABLE for zone in row.zones))
"""Each DNS zone once."""
