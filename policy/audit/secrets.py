"""The rule `no-plain-secrets`, which no pack can hold: the engine hands a pack every secret in clear and unmarked.

It reads an exported state, in which the engine has encrypted what a program marked as secret, and looks for what was not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policy.audit.findings import MANDATORY, Finding

RULE = "no-plain-secrets"
MARK = "4dabf18193072939515e22adb298388d"
"""Key by which the engine marks an encrypted value in a state."""
BREACH = "A secret lies in the state in clear, where everyone who may read the stack finds it."
REMEDY = "Mark the value with pulumi.Output.secret or additional_secret_outputs, and rotate it; better, use an identity."
FORMS: dict[str, re.Pattern[str]] = {
    "an account key": re.compile(r"(?i)\b(account|shared_?access_?|primary|secondary)key\s*=\s*[a-z0-9+/]{20,}={0,2}"),
    "a signature": re.compile(r"(?i)[?&]sig=[a-z0-9%+/]{20,}|sharedaccesssignature\s+sr="),
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----"),
    "a key of 64 bytes": re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}==(?![A-Za-z0-9+/=])"),
    "a token": re.compile(r"\beyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{15,}"),
    "a password in an address": re.compile(r"://[^/\s:@]+:[^/\s:@]{6,}@"),
}
NAMES = re.compile(r"(?i)^(adminPassword|clientSecret|password|primaryKey|secondaryKey|primaryConnectionString|sharedKey)$")
"""Names of properties that hold nothing but secrets."""


def plain_secrets(state: Mapping[str, Any]) -> Iterator[Finding]:
    """Find secrets in clear among inputs and outputs of every resource; a finding names the place, never the value."""
    for resource in (state.get("deployment") or {}).get("resources") or ():
        for side in ("inputs", "outputs"):
            for place, form in _plain(resource.get(side) or {}, side):
                message = f"{BREACH}\n  given:   {place} looks like {form}\n  allowed: encrypted values\n  do:      {REMEDY}"
                yield Finding(rule=RULE, level=MANDATORY, severity="critical", urn=resource["urn"], message=message)


def _plain(value: object, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        if MARK in value:
            return
        for name, item in value.items():
            if isinstance(item, str) and item and NAMES.match(name):
                yield f"{at}.{name}", "what its name says"
            else:
                yield from _plain(item, f"{at}.{name}")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _plain(item, f"{at}[{place}]")
    elif isinstance(value, str):
        yield from ((at, form) for form, pattern in FORMS.items() if pattern.search(value))
