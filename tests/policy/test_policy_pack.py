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

from tests.policy.policy_cases import BREACHES, GOOD, changed, kinds

PACK = Path(__file__).parents[2] / "policy"
ACCOUNT = "azure-native:storage:StorageAccount"


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


def test_tells_the_engine_twelve_mandatory_rules_with_all_that_explains_them(pack: Any) -> None:
    info = pack.GetAnalyzerInfo(empty_pb2.Empty(), timeout=30)
    assert info.name == "mlops-forecasting"
    assert sorted(policy.name for policy in info.policies) == sorted(BREACHES)
    for policy in info.policies:
        assert policy.enforcementLevel == analyzer_pb2.MANDATORY
        assert policy.severity != analyzer_pb2.POLICY_SEVERITY_UNSPECIFIED
        assert policy.displayName
        assert policy.remediation_steps
        assert policy.url
        assert policy.framework.reference


@pytest.mark.parametrize("token", GOOD)
def test_lets_good_resources_pass_over_the_wire(pack: Any, token: str) -> None:
    assert analyze(pack, token, GOOD[token]) == []


@pytest.mark.parametrize("rule", BREACHES)
def test_refuses_bad_resources_over_the_wire(pack: Any, rule: str) -> None:
    token = kinds(rule)[0]
    path, value = BREACHES[rule][0]
    found = analyze(pack, token, changed(token, path, value))
    assert {(diagnostic.policyName, diagnostic.enforcementLevel) for diagnostic in found} == {(rule, analyzer_pb2.MANDATORY)}


def test_reports_an_unknown_value_as_a_warning_that_the_rule_could_not_run(pack: Any) -> None:
    (warning,) = analyze(pack, ACCOUNT, changed(ACCOUNT, "enableHttpsTrafficOnly", UNKNOWN_BOOLEAN_VALUE))
    assert (warning.policyName, warning.enforcementLevel) == ("st-https", analyzer_pb2.ADVISORY)
    assert "boolean value at .enableHttpsTrafficOnly can't be known during preview" in warning.message


def test_follows_the_levels_that_a_stack_sets(pack: Any) -> None:
    def configure(level: Any) -> None:
        levels = {"st-https": analyzer_pb2.PolicyConfig(enforcementLevel=level)}
        pack.Configure(analyzer_pb2.ConfigureAnalyzerRequest(policyConfig=levels), timeout=30)

    configure(analyzer_pb2.ADVISORY)
    try:
        (finding,) = analyze(pack, ACCOUNT, changed(ACCOUNT, "enableHttpsTrafficOnly", value=False))
    finally:
        configure(analyzer_pb2.MANDATORY)
    assert finding.enforcementLevel == analyzer_pb2.ADVISORY
