"""Names that the service accepts."""

from __future__ import annotations

import re

from local.services.arm.errors import invalid


def refuse_name(what: str, name: str, rule: tuple[str, str]) -> None:
    """Check a name by its rule, a pattern and the same in words.

    Raises:
        ArmError: 400 UserError.
    """
    pattern, words = rule
    if not re.fullmatch(pattern, name):
        msg = f"The name '{name}' of the {what} is invalid: {words}."
        raise invalid(msg)
