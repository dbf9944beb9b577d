"""The lake's refusal of an identity, told so that a person knows which role is missing."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Concatenate

from deltalake.exceptions import DeltaError

from contracts.errors import FourPartError

REFUSED = "AuthorizationPermissionMismatch"
"""Azure Storage's code for an identity without a role (learn.microsoft.com/rest/api/storageservices, error codes)."""


class AccessRefusedError(FourPartError):
    """No role lets this identity do that in the lake."""


def permitted[**P, T](operate: Callable[Concatenate[str, P], T]) -> Callable[Concatenate[str, P], T]:
    """Tell what is missing when storage refuses an operation on a table's URL.

    Raises:
        AccessRefusedError: from the operation, when the identity holds no role for it.
    """

    @functools.wraps(operate)
    def told(url: str, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return operate(url, *args, **kwargs)
        except (OSError, DeltaError) as error:
            if REFUSED not in str(error):
                raise
            raise AccessRefusedError(
                "The storage account refused this identity.",
                given=f"{url} as {os.environ.get('AZURE_CLIENT_ID') or 'the login of this environment'}",
                allowed="an identity with Storage Blob Data Reader on the container to read, Contributor to write",
                remedy="Give the role in the table of infra/roles.py and deploy; on Azure it takes up to ten minutes to count.",
            ) from error

    return told
