"""The page docs/policies.md, made from the rules: `python -m policy.rules.table > docs/policies.md`."""

from __future__ import annotations

import sys

from . import RULES
from .rule import Rule

HEAD = """\
# Policies

`make up` runs every preview and update of the platform with the pack in `policy/`. All rules are mandatory: a breach
fails the preview, so the update does not begin. `policy/config.<stack>.json` states the level of each rule for a stack.

This page is made from the rules: `uv run python -m policy.rules.table > docs/policies.md`.

A property that is absent from a request fails: no rule relies on a default of Azure. A value that a preview can't know
yet is reported as a warning, every other check of the rule still runs, and the engine judges the value during the
update, before it creates the resource. Messages name properties, never their values, since a rule gets secrets in clear.
Kinds are compared exactly, whichever API version a program asks for.

| id | severity | resource kinds | what must hold | from |
|---|---|---|---|---|
"""

DETAILS = """
## What to do

"""


def _row(rule: Rule) -> str:
    kinds = "<br>".join(f"`{kind.removeprefix('azure-native:')}`" for kind in rule.kinds)
    allowed = "<br>".join(check.allowed for check in rule.checks)
    source = f"{rule.framework.name} {rule.framework.version}: {rule.framework.reference}; {rule.framework.also}"
    return f"| [{rule.id}]({rule.url}) | {rule.severity.value} | {kinds} | {rule.demand}<br>{allowed} | {source} |\n"


def page() -> str:
    """Return the whole page as Markdown."""
    rows = "".join(_row(rule) for rule in RULES)
    remedies = "".join(f"- **{rule.id}**: {rule.remedy}\n" for rule in RULES)
    return f"{HEAD}{rows}{DETAILS}{remedies}"


if __name__ == "__main__":
    sys.stdout.write(page())
