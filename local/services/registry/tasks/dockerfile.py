"""A Dockerfile read into instructions; forms that this machine can't build are refused with their line.

Source: docs.docker.com/reference/dockerfile.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

INSTALL = re.compile(r"pip install (?:--no-cache-dir )?(?:--no-deps )?-r (?P<file>[\w./-]+)", re.ASCII)
"""The one command of RUN that is carried out; it is what gives an image its packages."""

KNOWN = ("FROM", "ARG", "LABEL", "ENV", "WORKDIR", "COPY", "RUN", "USER", "EXPOSE", "CMD", "ENTRYPOINT")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


class DockerfileError(Exception):
    """A line that is not carried out here."""


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """One instruction: its line, its keyword, and all that follows."""

    line: int
    keyword: str
    text: str

    def refuse(self, reason: str) -> DockerfileError:
        """The error that names this line."""
        return DockerfileError(f"Dockerfile line {self.line}: {self.keyword} {self.text}: {reason}")

    def pairs(self) -> dict[str, str]:
        """`NAME=value ...` as ENV and LABEL have it.

        Raises:
            DockerfileError: when a word is no pair.
        """
        words = self.words()
        if not words or any("=" not in word for word in words):
            raise self.refuse("only NAME=value is built here")
        return dict(word.split("=", 1) for word in words)

    def words(self) -> list[str]:
        """The words of the instruction, quotes taken off.

        Raises:
            DockerfileError: when a quote is left open.
        """
        try:
            return shlex.split(self.text)
        except ValueError as error:
            raise self.refuse(str(error)) from error

    def command(self) -> list[str]:
        """The JSON list of CMD and ENTRYPOINT.

        Raises:
            DockerfileError: when it is in shell form.
        """
        try:
            found = json.loads(self.text)
        except ValueError:
            found = None
        if isinstance(found, list) and found and all(isinstance(word, str) for word in found):
            return found
        raise self.refuse("only the JSON form is built here")

    def with_values(self, values: Mapping[str, str]) -> Instruction:
        """This instruction with `$NAME` and `${NAME}` replaced; an unknown name is empty, as in Docker."""
        text = _VARIABLE.sub(lambda found: values.get(found[1] or found[2], ""), self.text)
        return Instruction(line=self.line, keyword=self.keyword, text=text)


def parse(text: str) -> list[Instruction]:
    """The instructions of a file.

    Raises:
        DockerfileError: when an instruction is unknown, or the file does not begin with FROM and have only one.
    """
    found = list(_instructions(text))
    for item in found:
        if item.keyword not in KNOWN:
            raise item.refuse(f"this instruction is not built here; {', '.join(KNOWN)} are")
    bases = [item for item in found if item.keyword == "FROM"]
    if len(bases) != 1 or next((item for item in found if item.keyword != "ARG"), None) != bases[0]:
        msg = "Dockerfile: one FROM before all else is built here, not several stages"
        raise DockerfileError(msg)
    return found


def _instructions(text: str) -> Iterator[Instruction]:
    """Logical lines: comments dropped, lines that end in a backslash joined."""
    begun, joined = 0, ""
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith("#") or (not line and not joined):
            continue
        begun = begun if joined else number
        joined += line.removesuffix("\\")
        if line.endswith("\\"):
            joined = f"{joined.rstrip()} "
            continue
        keyword, _, rest = joined.strip().partition(" ")
        yield Instruction(line=begun, keyword=keyword.upper(), text=rest.strip())
        joined = ""
    if joined:
        keyword, _, rest = joined.strip().partition(" ")
        yield Instruction(line=begun, keyword=keyword.upper(), text=rest.strip())
