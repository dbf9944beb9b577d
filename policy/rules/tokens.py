"""The kind of a resource, whichever API version its token names."""

from __future__ import annotations

import re

VERSION = r"v\d{8}[a-z]*"
PACKAGE = re.compile(rf"azure-native_[a-z0-9]+_{VERSION}")
MODULE_VERSION = re.compile(rf"/{VERSION}$")


def kind_of(token: str) -> str:
    """Return the token without an API version: `azure-native:storage/v20240101:StorageAccount` -> `azure-native:storage:...`.

    A version can stand in the module, or in the package name of an SDK made by `pulumi package add azure-native
    storage v20240101`. Both ask Azure for the same kind, so no rule may depend on which was used. Any other token,
    also a malformed one, is returned as it is.
    """
    package, first, rest = token.partition(":")
    module, second, name = rest.partition(":")
    if PACKAGE.fullmatch(package):
        package = "azure-native"
    return f"{package}{first}{MODULE_VERSION.sub('', module)}{second}{name}"
