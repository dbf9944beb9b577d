"""An audit as a table for a terminal, as JSON, SARIF or JUnit for machines, or as the text of a comment."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from policy.audit.findings import CATALOGUE, MANDATORY, Audit, Finding

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.0", "low": "2.0"}
"""Severity as the number that code scanning sorts by (docs.github.com, SARIF support for code scanning)."""


def table(audit: Audit) -> str:
    """Lines for people: level, severity, rule and resource, then what is given and what to do."""
    lines = [audit.summary]
    for found in audit.findings:
        lines += [
            f"  {found.level:<10}{found.severity:<9}{found.rule:<26}{found.resource}",
            f"{'':21}given:   {found.part('given')}",
            f"{'':21}do:      {found.part('do')}",
        ]
    return "\n".join(lines) + "\n"


def as_json(audit: Audit) -> str:
    """Every finding with all its fields."""
    counts = {"mandatory": len(audit.mandatory), "advisory": len(audit.findings) - len(audit.mandatory)}
    told = {"stack": audit.stack, "project": audit.project, "rules": audit.rules, "counts": counts}
    return json.dumps({**told, "findings": [asdict(found) for found in audit.findings]}, indent=2) + "\n"


def sarif(audit: Audit) -> str:
    """SARIF 2.1.0: a result for each finding, at the resource's URN as a logical location."""
    rules = sorted({found.rule for found in audit.findings})
    driver = {"name": "mlops-forecasting policies", "rules": [_sarif_rule(rule) for rule in rules]}
    results = [
        {
            "ruleId": found.rule,
            "ruleIndex": rules.index(found.rule),
            "level": "error" if found.level == MANDATORY else "warning",
            "message": {"text": found.message},
            "locations": [{"logicalLocations": [{"fullyQualifiedName": found.urn, "kind": "resource"}]}],
        }
        for found in audit.findings
    ]
    run = {"tool": {"driver": driver}, "automationDetails": {"id": f"{audit.project}/{audit.stack}"}, "results": results}
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _sarif_rule(rule: str) -> dict[str, Any]:
    known = CATALOGUE.get(rule)
    if known is None:
        return {"id": rule}
    return {
        "id": rule,
        "shortDescription": {"text": known.title},
        "fullDescription": {"text": known.breach},
        "help": {"text": known.remedy},
        "helpUri": known.url,
        "properties": {"security-severity": SCORES[known.severity.value], "tags": [known.source.told]},
    }


def junit(audit: Audit) -> str:
    """JUnit: a case for each rule, failed by its mandatory breaches; advisories stand in its output."""
    by_rule: dict[str, list[Finding]] = {rule: [] for rule in CATALOGUE}
    for found in audit.findings:
        by_rule.setdefault(found.rule, []).append(found)
    failed = len({found.rule for found in audit.mandatory})
    name = quoteattr(f"policies {audit.project} {audit.stack}")
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name={name} tests="{len(by_rule)}" failures="{failed}">\n'
    return head + "".join(_case(rule, found) for rule, found in by_rule.items()) + "</testsuite>\n"


def _case(rule: str, found: Iterable[Finding]) -> str:
    parts = ""
    for one in found:
        text = escape(f"{one.resource}\n{one.message}")
        tag = f"failure message={quoteattr(one.resource)}" if one.level == MANDATORY else "system-out"
        parts += f"    <{tag}>{text}</{tag.partition(' ')[0]}>\n"
    return f'  <testcase classname="policy" name={quoteattr(rule)}>\n{parts}  </testcase>\n'


def comment(audit: Audit) -> str:
    """Markdown for a pull request: the mandatory breaches with what to do, the advisories folded away."""
    verdict = "must be mended" if audit.mandatory else "pass"
    lines = [f"### Policies {verdict}: {audit.summary}", ""]
    lines += _rows(audit.mandatory)
    advisories = [found for found in audit.findings if found.level != MANDATORY]
    if advisories:
        lines += ["<details><summary>Advisories</summary>", "", *_rows(advisories), "</details>", ""]
    return "\n".join(lines)


def _rows(findings: Iterable[Finding]) -> list[str]:
    rows = [
        f"| {_linked(found.rule)} | {found.severity} | `{found.resource}` | {_cell(found.part('given'))} | {_cell(found.part('do'))} |"
        for found in findings
    ]
    return ["| rule | severity | resource | given | what to do |", "|---|---|---|---|---|", *rows, ""] if rows else []


def _linked(rule: str) -> str:
    known = CATALOGUE.get(rule)
    return f"[{rule}]({known.url})" if known else rule


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


FORMATS: Mapping[str, Callable[[Audit], str]] = {
    "table": table,
    "json": as_json,
    "sarif": sarif,
    "junit": junit,
    "comment": comment,
}
"""The forms by name."""
