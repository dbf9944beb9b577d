"""`Settings`: in which two releases may differ, from the stack file; and the five digests that each `up` is given."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import pulumi

from contracts.errors import FourPartError
from contracts.images import DIGEST

TAGS = ("environment", "owner", "cost-center", "workload")
SLOTS = ("blue", "green")
PROJECT = "mlops-forecasting-release"


class SettingRefusedError(FourPartError):
    """A value of Pulumi.<stack>.yaml, or a digest, that the program can't use."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What a value must be, as a test and in words."""

    holds: Callable[[Any], bool]
    words: str


def _whole(low: int, high: int) -> Rule:
    return Rule(holds=lambda value: type(value) is int and low <= value <= high, words=f"a whole number from {low} to {high}")


def _text(pattern: str, words: str) -> Rule:
    return Rule(holds=lambda value: isinstance(value, str) and bool(re.fullmatch(pattern, value)), words=words)


def _is_address(value: object) -> bool:
    try:
        return ipaddress.IPv4Network(value).is_global if isinstance(value, str) else False
    except ValueError:
        return False


_SIZE = {"cpuMillis": _whole(100, 4000), "memoryMb": _whole(128, 16384)}
_DIGEST = _text(f"({DIGEST.pattern})?", "sha256: and 64 hexadecimal digits, or nothing")
RULES: dict[str, Mapping[str, Rule]] = {
    "tags": dict.fromkeys(TAGS, _text(".{1,256}", "1-256 characters")),
    "scoring": {"replicas": _whole(1, 20), **_SIZE},
    "handler": {
        **_SIZE,
        "diskGb": _whole(1, 1024),
        "storageClass": _text("[a-z][a-z0-9-]{1,62}", "a storage class of the cluster"),
    },
    "address": {
        "hostname": _text(
            r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}",
            "a DNS name in lower case, such as forecasts.example.com",
        ),
        "issuer": _text("[A-Za-z0-9-]{1,127}", "Self, or the name of an issuer of the platform's vault"),
        "validityMonths": _whole(1, 120),
    },
    "acceptance": {"readySeconds": _whole(1, 900), "answerMillis": _whole(1, 60000)},
}
"""Sections of the stack file: exactly these keys, each with its rule."""
SELF = "Self"
"""The vault itself as an issuer: it signs any name."""
RESERVED = (".example.com", ".example.net", ".example.org", ".example", ".invalid", ".test")
"""Ends of names that belong to nobody, so no authority signs them (RFC 2606)."""
PLAIN: dict[str, Rule] = {
    "allowedAddresses": Rule(
        holds=lambda value: isinstance(value, list) and all(map(_is_address, value)),
        words="a list of public IPv4 addresses a.b.c.d or ranges a.b.c.d/n",
    ),
    "devopsUrl": _text(r"https://[^/?#@\s]+(/[\w.~%-]+){2}", "https://HOST/ORGANISATION/PROJECT"),
}
DIGESTS: dict[str, Rule] = {
    **dict.fromkeys(("qaDigest", "blueDigest", "greenDigest", "handlerDigest"), _DIGEST),
    "active": _text("|".join(("", *SLOTS)), "blue, green or nothing"),
}


@dataclass(frozen=True, kw_only=True)
class Size:
    """What a container gets: thousandths of a core, and mebibytes."""

    cpu_millis: int
    memory_mb: int


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """Seconds until a new container must be ready, and milliseconds in which it must answer."""

    ready_seconds: int
    answer_millis: int


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One release, checked; components get the part that concerns them. A digest may be empty: the workload is absent."""

    tags: Mapping[str, str]
    allowed_addresses: tuple[str, ...]
    devops_url: str
    scoring: Size
    replicas: int
    handler: Size
    disk_gb: int
    storage_class: str
    acceptance: Acceptance
    qa_digest: str
    slot_digests: Mapping[str, str]
    active: str
    handler_digest: str

    @classmethod
    def load(cls, config: pulumi.Config) -> Self:
        """Read and check the configuration of this `up`.

        Raises:
            pulumi.RunError: when `of` refuses a value; the engine shows such an error without a trace.
        """
        values = {key: _parsed(text) for key in (*RULES, "allowedAddresses") if (text := config.get(key)) is not None}
        plain = {key: text for key in ("devopsUrl", *DIGESTS) if (text := config.get(key)) is not None}
        try:
            return cls.of({**values, **plain})
        except FourPartError as error:
            raise pulumi.RunError(str(error)) from error

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Check the values of a stack file, keys without the project's name; absent digests are empty.

        Raises:
            SettingRefusedError: when a key is missing, mistyped, out of range or unknown, or the active slot is empty.
        """
        values = {**dict.fromkeys(DIGESTS, ""), **values}
        for key, rule in {**PLAIN, **DIGESTS}.items():
            _check(key, values.get(key), rule)
        for name, rules in RULES.items():
            _check_section(name, values.get(name), rules)
        address = values["address"]
        if address["issuer"] != SELF and address["hostname"].endswith(RESERVED):
            raise _refused(
                "address.hostname", address["hostname"], f"a name of your own, which {address['issuer']} can vouch for"
            )
        active = values["active"]
        if active and not values[f"{active}Digest"]:
            raise _refused("active", active, "a slot that holds a digest, or nothing")
        scoring, handler, acceptance = values["scoring"], values["handler"], values["acceptance"]
        return cls(
            tags=values["tags"],
            allowed_addresses=tuple(values["allowedAddresses"]),
            devops_url=values["devopsUrl"],
            scoring=_size(scoring),
            replicas=scoring["replicas"],
            handler=_size(handler),
            disk_gb=handler["diskGb"],
            storage_class=handler["storageClass"],
            acceptance=Acceptance(ready_seconds=acceptance["readySeconds"], answer_millis=acceptance["answerMillis"]),
            qa_digest=values["qaDigest"],
            slot_digests={slot: values[f"{slot}Digest"] for slot in SLOTS},
            active=active,
            handler_digest=values["handlerDigest"],
        )


def _parsed(text: str) -> object:
    """Structured values come from the engine as JSON."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def _size(section: Mapping[str, Any]) -> Size:
    return Size(cpu_millis=section["cpuMillis"], memory_mb=section["memoryMb"])


def _check_section(name: str, given: object, rules: Mapping[str, Rule]) -> None:
    if not isinstance(given, Mapping) or set(given) != set(rules):
        raise _refused(name, given, f"the keys {', '.join(rules)}, all of them and no others")
    for key, rule in rules.items():
        _check(f"{name}.{key}", given[key], rule)


def _check(key: str, value: object, rule: Rule) -> None:
    if not rule.holds(value):
        raise _refused(key, "nothing" if value is None else value, rule.words)


def _refused(key: str, given: object, allowed: str) -> SettingRefusedError:
    return SettingRefusedError(
        f"The setting `{PROJECT}:{key}` is not usable.",
        given=given,
        allowed=allowed,
        remedy=f"Change `{PROJECT}:{key}` in release/Pulumi.<stack>.yaml; digests come from `make release`.",
    )
