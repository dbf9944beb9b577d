"""Throttling on demand: a share of a service's requests is refused in the words by which Azure tells a client to slow down.

Sources: learn.microsoft.com, "Understand how Azure Resource Manager throttles requests", its text by github.com/MicrosoftDocs/azure-docs
issue 105248; "Status and error codes" of Azure Storage; "Rate and usage limits" of Azure DevOps, its type by
github.com/microsoft/vscode issue 155632; github.com/databricks/databricks-cli pull 319; github.com/mlflow/mlflow issue 11462 (Azure ML);
OCI distribution specification 1.1, "Error Codes"; "How to use managed identities to acquire an access token", "Error handling";
"Azure Key Vault throttling guidance", its text by github.com/dotnet/sign issue 403.
"""

from __future__ import annotations

from dataclasses import dataclass

from local.services.chaos import declare, get_chaos
from local.store import Store


@dataclass(frozen=True)
class Busy:
    """How a service refuses; `retry_after` is in seconds, where Azure says up to minutes, and "" where it tells none."""

    code: str
    message: str
    status: int = 429
    retry_after: str = "1"


BUSY = {
    "arm": Busy(
        "SubscriptionRequestsThrottled", "Number of requests for subscription exceeded the limit. Please try again later."
    ),
    "blob": Busy("ServerBusy", "The server is currently unable to receive requests. Please retry your request.", 503, ""),
    "databricks": Busy("REQUEST_LIMIT_EXCEEDED", "The rate limit of requests has been exceeded."),
    "devops": Busy(
        "RequestBlockedException", "TF400733: The request has been canceled: Request was blocked due to exceeding usage."
    ),
    "identity": Busy("TooManyRequests", "Too many requests.", retry_after=""),
    "keyvault": Busy(
        "Throttled",
        "Request was not processed because too many requests were received. Reason: VaultRequestTypeLimitReached",
        retry_after="",
    ),
    "machine learning": Busy("TooManyRequests", "Too many requests."),
    "registry": Busy("TOOMANYREQUESTS", "too many requests"),
}
DATA_PLANES = ("/mlflow/", "/history/")
"""Below which Azure ML answers by itself, not through Resource Manager."""


class Throttle:
    """Picks every so many-th request; one that was refused is let through when it comes again, unless all are to be refused."""

    def __init__(self, store: Store) -> None:
        declare(store)
        self._store = store
        self._due = 0.0
        self._refused: set[tuple[str, str]] = set()

    def busy(self, service: str, method: str, path: str) -> Busy | None:
        """How to refuse this request; None when it may pass."""
        share, asked = get_chaos(self._store).throttle, (method, path)
        found = BUSY.get("machine learning" if path.startswith(DATA_PLANES) else service)
        again = asked in self._refused and share < 1
        self._refused.discard(asked)
        self._due = min(self._due + share, 2.0)
        if found is None or again or self._due < 1:
            return None
        self._due -= 1
        self._refused.add(asked)
        return found
