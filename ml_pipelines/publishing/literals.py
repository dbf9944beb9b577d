"""Which values the literal types of Azure ML inputs take; the service asks only when a step starts."""

from __future__ import annotations

from collections.abc import Callable

# Source: "CLI (v2) command component YAML schema" (learn.microsoft.com, reference-yaml-component-command).
FOLDERS = frozenset({"uri_folder"})


def _boolean(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError(text)
    return text.lower() == "true"


PARSERS: dict[str, Callable[[str], object]] = {"integer": int, "number": float, "boolean": _boolean, "string": str}
TYPES = (*PARSERS, *sorted(FOLDERS))


def fault(kind: str, value: object, minimum: object = None, maximum: object = None) -> str:
    """What is wrong with a value given to an input of this type and bounds; empty when nothing is."""
    if kind in FOLDERS:
        return "a folder, which no literal can be"
    try:
        parsed = PARSERS[kind](str(value))
    except ValueError:
        return f"{_article(kind)} {kind}"
    return _bounds_fault(parsed, minimum, maximum)


def _bounds_fault(parsed: object, minimum: object, maximum: object) -> str:
    if not isinstance(parsed, int | float):
        return ""
    if minimum is not None and parsed < float(str(minimum)):
        return f"at least {minimum}"
    if maximum is not None and parsed > float(str(maximum)):
        return f"at most {maximum}"
    return ""


def _article(kind: str) -> str:
    return "an" if kind[0] in "aeiou" else "a"
