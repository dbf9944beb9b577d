"""The page docs/policies.md, made from the rules: `python -m policy.rules.table > docs/policies.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from . import RULES, RULES_BY_SUBJECT, STACK_RULES, STACK_RULES_BY_SUBJECT
from .levels import Level, levels, stacks
from .rule import Rule
from .stack_rule import StackRule
from .waivers import WAIVERS

HEAD = """\
# Policies

TL;DR
1. {count} rules judge every preview of the platform and of a release before anything is made; `policy/` holds them, one file for each
   kind of resource.
2. `policy/config.<stack>.json` states the level of each rule for a stack: a breach of a mandatory one ends the preview, one of an
   advisory one is told and goes on. What a stack may set for a rule (sizes, days, regions) stands there, too.
3. What is broken and borne for a while stands in `policy/waivers.json`, with a reason, a role that answers for it and a last day. A
   waiver that is over, or that nothing needs any more, is a breach itself.
4. `make check` judges what both programs declare for every stack, within seconds and without a login; `make audit` judges what stands
   on Azure, and a pipeline does so every night: as a table, JSON, SARIF, JUnit or the text of a comment. A pull request shows the same.
5. `make bench ONLY=policy`, 2026-11-27, two cores (AMD EPYC): the pack adds 2.6 s to a preview of dev (14.6 s) and 2.0 s to one of
   prod (11.3 s); a state of 231 resources of prod is judged in 3.0 s.

This page is made from the rules: `uv run python -m policy.rules.table > docs/policies.md`.

Messages name properties, never their values, since a rule gets secrets in clear. A property that a rule demands and that is absent
fails: no rule relies on a default of Azure, except where it says "or not set". A value that a preview can't know yet is reported as a
warning (in silence where only its presence is asked), every other check of the rule still runs, and the engine judges the value during
the update, before it creates the resource.
Kinds are compared exactly, whichever API version a program asks for, and a kind that no rule knows is refused. Ids of Azure Policy are
given by their first eight digits.

| level | {stacks} |
|---|{dashes}|
{counts}
"""
COLUMNS = "| rule | what must hold | why, and what to do | {stacks} | from |\n|---|---|---|{dashes}|---|\n"


def page() -> str:
    """Return the whole page as Markdown."""
    by_stack = {stack: levels(stack) for stack in stacks()}
    names, dashes = " | ".join(by_stack), "|".join("---" for _ in by_stack)
    columns = COLUMNS.format(stacks=names, dashes=dashes)
    head = HEAD.format(count=len(RULES) + len(STACK_RULES), stacks=names, dashes=dashes, counts=_counts(by_stack))
    sections = [
        _section(subject, columns, [_row(rule, _judged(rule), by_stack) for rule in rules])
        for subject, rules in RULES_BY_SUBJECT.items()
    ]
    on_stacks = [
        _section(subject, columns, [_row(rule, _short(rule.kinds), by_stack) for rule in rules])
        for subject, rules in STACK_RULES_BY_SUBJECT.items()
    ]
    return "\n".join([head, *sections, *on_stacks, _waivers()])


def _counts(by_stack: dict[str, dict[str, Level]]) -> str:
    kinds = ("mandatory", "advisory", "disabled")
    counts = {kind: [sum(level.name == kind for level in found.values()) for found in by_stack.values()] for kind in kinds}
    return "\n".join(f"| {kind} | {' | '.join(map(str, numbers))} |" for kind, numbers in counts.items())


def _section(subject: str, columns: str, rows: Iterable[str]) -> str:
    return f"## {subject}\n\n{columns}{''.join(rows)}"


def _row(rule: Rule | StackRule, judged: str, by_stack: dict[str, dict[str, Level]]) -> str:
    found = " | ".join(by_stack[stack][rule.id].told for stack in by_stack)
    first = f"[{rule.id}]({rule.url})<br>{rule.severity.value}"
    why = f"{rule.breach}<br>*{rule.remedy}*".replace("<stack>", "&lt;stack&gt;")
    return f"| {first} | {rule.title}.<br>{judged} | {why} | {found} | {rule.source.told} |\n"


def _judged(rule: Rule) -> str:
    demands = "<br>".join(dict.fromkeys(check.demand for check in rule.judged_by()))
    return f"{_short(rule.kinds)}: {demands}" if rule.kinds else demands


def _short(kinds: Iterable[str]) -> str:
    """Name a few kinds, or count many."""
    names = [f"`{kind.removeprefix('azure-native:').removeprefix('kubernetes:')}`" for kind in kinds]
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:2])} and {len(names) - 2} more"  # noqa: PLR2004


def _waivers() -> str:
    rows = "".join(
        f"| {row.rule} | {', '.join(row.stacks)} | {', '.join(f'`{one}`' for one in row.resources)} | {row.reason} | {row.owner} | {row.expires} |\n"
        for row in WAIVERS.rows
    )
    return f"## Waived now\n\n| rule | stacks | resources | reason | answers for it | until |\n|---|---|---|---|---|---|\n{rows}"


if __name__ == "__main__":
    sys.stdout.write(page())
