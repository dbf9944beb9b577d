"""Which of a file's columns are date, store, item and sales, and under which names the others are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import FourPartError
from data_ops.schema import ITEM, REQUIRED, RESERVED, STORE, is_feature
from data_ops.sources.refusals import FileRefusedError

KEYS = (STORE, ITEM)
JOINED_BY = "+"
NO_NAME = "it has no name"
_APART = re.compile(r"\W+")


class MappingRefusedError(FourPartError):
    """A column mapping that can't be understood."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Positions of a file's columns: those that make each required one (none: a constant), and the covariates' by name."""

    required: Mapping[str, tuple[int, ...]]
    covariates: Mapping[str, int]
    nameless: tuple[int, ...]


def parse_mapping(text: str) -> dict[str, str]:
    """Read `date=ds,sales=units`: required name = the file's own name.

    `store` and `item` also take several columns joined by `+`, or nothing where the file has no such column.

    Raises:
        MappingRefusedError: for anything else.
    """
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    mapping = {name.strip(): own.strip() for name, sign, own in pairs if sign}
    if len(mapping) == len(pairs) and set(mapping) <= set(REQUIRED) and all(_fits(*pair) for pair in mapping.items()):
        return mapping
    raise MappingRefusedError(
        "The column mapping can't be read.",
        given=text,
        allowed=f"name=column pairs with commas between, names of {', '.join(REQUIRED)}; "
        f"for {' and '.join(KEYS)} also several columns (store=region+shop) or none (store=)",
        remedy="Write for example --columns date=ds,sales=units.",
    )


def select(path: Path, names: Sequence[str], columns: Mapping[str, str]) -> Selection:
    """Find a file's columns; names are compared without regard to case and surrounding space, as engines do.

    A covariate's name keeps letters, digits and `_`; anything between them becomes `_`, since Delta allows no more.

    Raises:
        FileRefusedError: when a required column is missing, or a name is reserved or there twice.
    """
    own = [name.strip() for name in names]
    position = {name.casefold(): index for index, name in enumerate(own)}
    wanted = {name: parts(columns.get(name, name)) for name in REQUIRED}
    missing = [
        f"{name} (column {part})" if name in columns else name
        for name in REQUIRED
        for part in wanted[name]
        if part.casefold() not in position
    ]
    required = {name: tuple(position.get(part.casefold(), -1) for part in wanted[name]) for name in REQUIRED}
    used = {index for found in required.values() for index in found}
    kept = {index: _clean(name) for index, name in enumerate(own) if index not in used}
    taken = [own[index] for index, name in kept.items() if _reserved(own[index]) or _reserved(name)]
    repeated = _repeated([name for name in own if name]) | _repeated([name for name in kept.values() if name])
    if missing or taken or repeated:
        raise _refused(path, own, missing, sorted({*taken, *repeated}))
    return Selection(
        required=required,
        covariates={name: index for index, name in kept.items() if name},
        nameless=tuple(index for index, name in kept.items() if not name),
    )


def parts(own: str) -> tuple[str, ...]:
    """The columns of one entry of the mapping; none for an empty one."""
    return tuple(part.strip() for part in own.split(JOINED_BY)) if own else ()


def _fits(name: str, own: str) -> bool:
    return all(parts(own)) and (name in KEYS or len(parts(own)) == 1)


def _clean(name: str) -> str:
    return _APART.sub("_", name).strip("_")


def _reserved(name: str) -> bool:
    return name.casefold() in {*RESERVED, *REQUIRED} or is_feature(name)


def _repeated(names: Sequence[str]) -> set[str]:
    folded = [name.casefold() for name in names]
    return {name for name in names if folded.count(name.casefold()) > 1}


def _refused(path: Path, own: Sequence[str], missing: Sequence[str], taken: Sequence[str]) -> FileRefusedError:
    fault = f"without {', '.join(missing)}" if missing else f"reserved or repeated: {', '.join(taken)}"
    return FileRefusedError(
        "The file does not have the columns of a sales file.",
        given=f"{path.name} with {', '.join(own)}; {fault}",
        allowed=f"{', '.join(REQUIRED)} under these names or mapped, each once; others but {', '.join(sorted(RESERVED))}",
        remedy="Map the file's own names, for example --columns date=ds,sales=units (store= where there is none), "
        "or rename its other columns.",
    )
