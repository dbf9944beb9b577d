"""The audit of an exported state: its forms, secrets in clear, and the command on the real engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deployment.declared.programs import PLATFORM, ROOT, whole
from local.engine.build import Engine, ensure_engine
from local.progress import Progress
from policy.audit.findings import CATALOGUE, Audit, Finding, read
from policy.audit.formats import FORMATS, comment, junit, sarif, table
from policy.audit.secrets import MARK, RULE, plain_secrets
from tests.policy.judging import spoiled
from tests.policy.states import state

URN = "urn:pulumi:prod::mlops-forecasting::a:b:Lake$azure-native:storage:StorageAccount::lake"
TEXT = "Why.\n  given:   a | <b> is not set\n  allowed: a = true\n  do:      Set a=True."
MANDATORY = Finding(rule="st-https", level="mandatory", severity="high", urn=URN, message=TEXT)
ADVISORY = Finding(rule="aks-zones", level="advisory", severity="medium", urn=URN.replace("lake", "cluster"), message=TEXT)
AUDIT = Audit(stack="prod", project="mlops-forecasting", rules=180, findings=(MANDATORY, ADVISORY))
CLEAN = Audit(stack="dev", project="mlops-forecasting", rules=145, findings=())
SECRETS = {
    "an account key": "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=" + "c2VjcmV0" * 5 + "==",
    "a signature": "https://a.blob.core.windows.net/c?sv=2024&sig=" + "abcDEF123%2B" * 4,
    "a private key": "-----BEGIN PRIVATE KEY-----\nMIIE",
    "a key of 64 bytes": "A" * 86 + "==",
    "a token": "eyJ" + "a" * 20 + ".eyJ" + "b" * 20 + "." + "c" * 20,
    "a password in an address": "amqps://user:hunter22@host",
}


def event(**given: Any) -> str:
    policy = {"resourceUrn": URN, "policyName": "st-https", "enforcementLevel": "mandatory", "severity": "high", **given}
    return json.dumps({"sequence": 0, "policyEvent": {"message": f"{CATALOGUE['st-https'].title}.\n{TEXT}", **policy}})


def test_reads_the_engines_events_the_worst_first() -> None:
    lines = ["warning: x", event(enforcementLevel="advisory"), '{"summaryEvent":{}}', event(severity="low"), event()]
    found = read(lines)
    assert [(one.level, one.severity) for one in found] == [("mandatory", "high"), ("mandatory", "low"), ("advisory", "high")]
    assert found[0] == MANDATORY
    assert found[0].resource == "azure-native:storage:StorageAccount lake"
    assert (found[0].part("given"), found[0].part("do")) == ("a | <b> is not set", "Set a=True.")


def test_the_table_names_rule_resource_and_fix() -> None:
    lines = table(AUDIT).splitlines()
    assert lines[0] == "mlops-forecasting prod: 180 rules, 1 mandatory breaches, 1 advisories"
    assert lines[1].split() == ["mandatory", "high", "st-https", "azure-native:storage:StorageAccount", "lake"]
    assert lines[3].strip() == "do:      Set a=True."
    assert table(CLEAN) == "mlops-forecasting dev: 145 rules, 0 mandatory breaches, 0 advisories\n"


def test_sarif_has_a_result_for_each_finding_and_explains_each_rule() -> None:
    (run,) = json.loads(sarif(AUDIT))["runs"]
    assert [(one["ruleId"], one["level"]) for one in run["results"]] == [("st-https", "error"), ("aks-zones", "warning")]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert rules[result["ruleIndex"]]["helpUri"] == CATALOGUE[result["ruleId"]].url
        assert result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"].startswith("urn:pulumi:")


def test_junit_fails_the_rules_that_are_mandatory_and_broken() -> None:
    suite = ET.fromstring(junit(AUDIT))  # noqa: S314 - our own text
    assert (suite.get("tests"), suite.get("failures")) == (str(len(CATALOGUE)), "1")
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert failed == ["st-https"]
    assert [case.get("name") for case in suite if case.find("system-out") is not None] == ["aks-zones"]


def test_the_comment_says_what_to_do_and_folds_advisories() -> None:
    text = comment(AUDIT)
    assert text.startswith("### Policies must be mended: mlops-forecasting prod")
    assert "a \\| &lt;b> is not set" in text
    assert text.index("st-https") < text.index("<details>") < text.index("aks-zones")
    assert comment(CLEAN).startswith("### Policies pass: mlops-forecasting dev")
    assert "<details>" not in comment(CLEAN)


@pytest.mark.parametrize("form", FORMATS)
def test_every_form_tells_of_every_finding(form: str) -> None:
    text = FORMATS[form](AUDIT)
    assert all(found.rule in text for found in AUDIT.findings)


def holding(side: str, value: Mapping[str, Any]) -> dict[str, Any]:
    return {"deployment": {"resources": [{"urn": URN, "type": "t", side: value}]}}


@pytest.mark.parametrize("form", SECRETS)
@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_a_secret_in_clear_is_found_and_not_repeated(form: str, side: str) -> None:
    (found,) = plain_secrets(holding(side, {"a": [{"b": SECRETS[form]}]}))
    assert (found.rule, found.level, found.urn) == (RULE, "mandatory", URN)
    assert f"{side}.a[0].b looks like {form}" in found.message
    assert SECRETS[form] not in found.message


@pytest.mark.parametrize("name", ["primaryKey", "clientSecret", "adminPassword", "password"])
def test_a_property_that_is_named_as_a_secret_is_one(name: str) -> None:
    assert len(list(plain_secrets(holding("outputs", {"keys": {name: "short"}})))) == 1
    assert list(plain_secrets(holding("outputs", {"keys": {name: ""}}))) == []


@pytest.mark.parametrize("form", SECRETS)
def test_an_encrypted_secret_is_none(form: str) -> None:
    encrypted = {MARK: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": SECRETS[form]}
    assert list(plain_secrets(holding("inputs", {"connectionString": encrypted}))) == []


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_what_the_platform_declares_holds_no_secret_in_clear(stack: str) -> None:
    assert list(plain_secrets(state(whole(PLATFORM, stack)))) == []


@pytest.fixture(scope="module")
def engine() -> Engine:
    return ensure_engine(Progress())


def audit(engine: Engine, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    paths = f"{engine.binary.parent}{os.pathsep}{engine.host_folder}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {
        "PATH": paths,
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": folder.as_uri(),
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
    command = [sys.executable, "-m", "policy.audit", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.engine
def test_the_command_judges_a_state_and_writes_what_is_asked_for(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        spoiled(row, {"enableHttpsTrafficOnly": False}) if row.name == "lake" and "StorageAccount" in row.type else row
        for row in whole(PLATFORM, "prod")
    ]
    file = tmp_path / "state.json"
    file.write_text(json.dumps(state(rows)))
    monkeypatch.setenv("TF_BUILD", "True")
    done = audit(engine, tmp_path, str(file), "--stack", "prod", "--results", str(tmp_path / "results"))
    assert f"##vso[task.uploadsummary]{tmp_path / 'results' / PLATFORM}.prod.md" in done.stderr
    assert done.returncode == 1, done.stderr
    assert "st-https" in done.stdout
    assert "Set enable_https_traffic_only=True on the StorageAccount." in done.stdout
    written = {out.name.removeprefix(f"{PLATFORM}.prod."): out.read_text() for out in (tmp_path / "results").iterdir()}
    assert set(written) == {"json", "sarif", "junit.xml", "md"}
    told = json.loads(written["json"])
    assert told["project"] == PLATFORM
    assert Counter(found["rule"] for found in told["findings"] if found["level"] == "mandatory") == {"st-https": 1}
    assert all("st-https" in text for text in written.values())


@pytest.mark.engine
@pytest.mark.parametrize(
    ("content", "said"), [("{", "can't be read"), ("[]", "no exported state"), ('{"deployment": 1}', "no exported")]
)
def test_a_file_that_is_no_state_is_refused(engine: Engine, content: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text(content)
    done = audit(engine, tmp_path, str(file), "--stack", "dev")
    assert done.returncode == 2
    assert said in done.stderr
    assert "pulumi stack export" in done.stderr


def test_without_an_engine_on_the_path_it_says_how_to_get_one(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text('{"deployment": {}}')
    command = [sys.executable, "-m", "policy.audit", str(file), "--stack", "dev"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"PATH": ""}, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no `pulumi` on PATH" in done.stderr
    assert "local-cloud run --" in done.stderr
