"""What the release program refuses in its stack file and digests, and in which words."""

from __future__ import annotations

from contextlib import suppress
from copy import deepcopy

import pytest
from hypothesis import given, strategies as st

from deployment.declared.programs import DIGESTS, RELEASE, stack_values
from release.settings import SettingRefusedError, Settings

VALUES = stack_values("dev", RELEASE)
A = DIGESTS["a"]


def changed(path: str, value: object) -> dict:
    """The stack file with one value replaced."""
    values, (*steps, last) = deepcopy(VALUES), path.split(".")
    place = values
    for step in steps:
        place = place[step]
    place[last] = value
    return values


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_stack_files_are_accepted_and_hold_no_workload(stack):
    settings = Settings.of(stack_values(stack, RELEASE))
    assert (settings.qa_digest, settings.active, settings.handler_digest) == ("", "", "")
    assert settings.slot_digests == {"blue": "", "green": ""}


@pytest.mark.parametrize(
    ("path", "value", "allowed"),
    [
        ("qaDigest", "latest", "sha256:"),
        ("blueDigest", "sha256:abc", "64 hexadecimal"),
        ("handlerDigest", "sha256:" + "A" * 64, "64 hexadecimal"),
        ("active", "red", "blue, green or nothing"),
        ("active", "blue", "a slot that holds a digest"),
        ("scoring.replicas", 0, "from 1 to 20"),
        ("scoring.replicas", True, "a whole number"),
        ("scoring.replicas", "2", "a whole number"),
        ("handler.diskGb", 0, "from 1 to 1024"),
        ("handler.storageClass", "Managed CSI", "storage class"),
        ("tags.owner", "", "1-256 characters"),
        ("devopsUrl", "http://dev.azure.com/org/project", "https://HOST"),
        ("devopsUrl", "https://user@dev.azure.com/org/project", "https://HOST"),
        ("allowedAddresses", ["10.0.0.1"], "public IPv4"),
        ("allowedAddresses", "20.50.1.1", "a list"),
        ("acceptance.readySeconds", 0, "from 1 to 900"),
        ("address.hostname", "forecasts", "a DNS name"),
        ("address.hostname", "https://forecasts.example.com", "a DNS name"),
        ("address.hostname", "-a.example.com", "a DNS name"),
        ("address.hostname", f"{'a.' * 126}com", "a DNS name"),
        ("address.issuer", "", "an issuer of the platform's vault"),
        ("address.validityMonths", 0, "from 1 to 120"),
        ("scoring.gpu", 1, "no others"),
        ("acceptance", {}, "all of them"),
    ],
)
def test_refuses_a_bad_value_by_key_value_and_what_is_allowed(path, value, allowed):
    with pytest.raises(SettingRefusedError) as refused:
        Settings.of(changed(path, value))
    assert path.split(".")[0] in refused.value.happened
    assert allowed in refused.value.allowed


def test_a_name_that_belongs_to_nobody_is_the_vaults_own_to_sign():
    with pytest.raises(SettingRefusedError) as refused:
        Settings.of(changed("address.issuer", "DigiCert"))
    assert (refused.value.given, "DigiCert can vouch for" in refused.value.allowed) == ("forecasts.dev.example.com", True)
    Settings.of(changed("address", {"hostname": "forecasts.contoso.com", "issuer": "DigiCert", "validityMonths": 12}))


@pytest.mark.parametrize("key", ["tags", "scoring", "handler", "acceptance", "allowedAddresses", "devopsUrl"])
def test_refuses_a_stack_file_without_a_key(key):
    with pytest.raises(SettingRefusedError, match=key) as refused:
        Settings.of({name: value for name, value in VALUES.items() if name != key})
    assert refused.value.given in {"nothing", "None"}


@given(blue=st.sampled_from(["", A]), green=st.sampled_from(["", A]), active=st.sampled_from(["", "blue", "green"]))
def test_a_slot_is_active_only_with_a_digest(blue, green, active):
    values = {**VALUES, "blueDigest": blue, "greenDigest": green, "active": active}
    if active and not {"blue": blue, "green": green}[active]:
        with pytest.raises(SettingRefusedError):
            Settings.of(values)
    else:
        assert Settings.of(values).active == active


@given(
    st.dictionaries(
        st.sampled_from(["scoring", "handler", "tags", "acceptance", "active"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ),
        min_size=1,
    )
)
def test_any_other_value_is_refused_in_four_parts_and_never_with_another_error(changes):
    with suppress(SettingRefusedError):
        Settings.of({**VALUES, **changes})
        assert changes == {"active": ""}
