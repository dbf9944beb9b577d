"""The pack as the engine runs it: a process of its own, asked over the engine's analyzer protocol."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from pulumi_policy.proxy import UNKNOWN_BOOLEAN_VALUE

from policy.rules import POLICIES
from tests.policy.cases.table import ASKED, GOOD, changed

PACK = Path(__file__).parents[2] / "policy"
ACCOUNT = "azure-native:storage:StorageAccount"
LEVEL = {
    "mandatory": analyzer_pb2.MANDATORY,
    "advisory": analyzer_pb2.ADVISORY,
    "disabled": analyzer_pb2.DISABLED,
}


@pytest.fixture(scope="module")
def pack() -> Iterator[Any]:
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(PACK)]
    with subprocess.Popen(command, cwd=PACK, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
                yield analyzer_pb2_grpc.AnalyzerStub(channel)
        finally:
            process.terminate()


def analyze(pack: Any, token: str, properties: dict[str, Any]) -> list[Any]:
    wire = struct_pb2.Struct()
    wire.update(properties)
    request = analyzer_pb2.AnalyzeRequest(type=token, properties=wire, urn=f"urn:pulumi:dev::p::{token}::it", name="it")
    return list(pack.Analyze(request, timeout=30).diagnostics)


def configure(pack: Any, **levels: tuple[str, dict[str, Any]]) -> None:
    given = {}
    for rule, (level, terms) in levels.items():
        config = analyzer_pb2.PolicyConfig(enforcementLevel=LEVEL[level])
        config.properties.update(terms)
        given[rule.replace("_", "-")] = config
    pack.Configure(analyzer_pb2.ConfigureAnalyzerRequest(policyConfig=given), timeout=30)


def test_tells_the_engine_every_rule_with_all_that_explains_it(pack: Any) -> None:
    info = pack.GetAnalyzerInfo(empty_pb2.Empty(), timeout=30)
    assert info.name == "mlops-forecasting"
    assert [policy.name for policy in info.policies] == [policy.name for policy in POLICIES]
    for policy in info.policies:
        assert policy.enforcementLevel == analyzer_pb2.MANDATORY
        assert policy.severity != analyzer_pb2.POLICY_SEVERITY_UNSPECIFIED
        assert policy.displayName
        assert policy.remediation_steps
        assert policy.url
        assert policy.framework.reference


@pytest.mark.parametrize("token", sorted(GOOD)[::4])
def test_lets_good_resources_pass_over_the_wire(pack: Any, token: str) -> None:
    assert analyze(pack, token, GOOD[token]) == []


@pytest.mark.parametrize("rule", sorted({asked.rule for asked in ASKED})[::6])
def test_refuses_bad_resources_over_the_wire(pack: Any, rule: str) -> None:
    asked = next(asked for asked in ASKED if asked.rule == rule)
    one = asked.cases.breaks[0]
    found = analyze(pack, asked.kind, changed(asked.kind, asked.at(one.changes)))
    assert {diagnostic.policyName for diagnostic in found} == {rule} | one.also
    assert {diagnostic.enforcementLevel for diagnostic in found} == {analyzer_pb2.MANDATORY}


def test_reports_an_unknown_value_as_a_warning_that_the_rule_could_not_run(pack: Any) -> None:
    (warning,) = analyze(pack, ACCOUNT, changed(ACCOUNT, {"enableHttpsTrafficOnly": UNKNOWN_BOOLEAN_VALUE}))
    assert (warning.policyName, warning.enforcementLevel) == ("st-https", analyzer_pb2.ADVISORY)
    assert "boolean value at .enableHttpsTrafficOnly can't be known during preview" in warning.message


@pytest.mark.parametrize(("level", "told"), [("advisory", [analyzer_pb2.ADVISORY]), ("disabled", [])])
def test_follows_the_levels_that_a_stack_sets(pack: Any, level: str, told: list[Any]) -> None:
    configure(pack, st_https=(level, {}))
    try:
        found = analyze(pack, ACCOUNT, changed(ACCOUNT, {"enableHttpsTrafficOnly": False}))
    finally:
        configure(pack)
    assert [finding.enforcementLevel for finding in found] == told


def test_follows_the_terms_that_a_stack_sets(pack: Any) -> None:
    logs = "azure-native:operationalinsights:Workspace"
    assert analyze(pack, logs, changed(logs, {"retentionInDays": 31})) == []
    configure(pack, la_retention=("mandatory", {"leastDays": 30, "mostDays": 30}))
    try:
        (finding,) = analyze(pack, logs, changed(logs, {"retentionInDays": 31}))
    finally:
        configure(pack)
    assert finding.policyName == "la-retention"
    assert "retentionInDays = 30" in finding.message
