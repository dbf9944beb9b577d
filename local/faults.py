"""Faults of the machine under a running command, told as errors that a person can act on."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from contracts.errors import FourPartError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
CLOSED = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
PRIMARY = 0xFF
"""The part of an extended SQLite result code that names its kind (sqlite.org/rescode.html)."""

DATABASE_FULL = frozenset({sqlite3.SQLITE_FULL})
DATABASE_CLOSED = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM})
DATABASE_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class DiskFullError(FourPartError):
    """Nothing more can be written."""


class StateClosedError(FourPartError):
    """The state directory, or a file in it, may not be written."""


class StateBrokenError(FourPartError):
    """A file of the state directory is no longer what it was."""


def told(error: OSError | sqlite3.Error, state: Path) -> FourPartError | None:
    """What a fault means for the person at the keyboard; None when it is none of the machine's."""
    code = (getattr(error, "sqlite_errorcode", None) or 0) & PRIMARY
    number = getattr(error, "errno", None)
    if number in FULL or code in DATABASE_FULL:
        return _full(error, state)
    if number in CLOSED or code in DATABASE_CLOSED:
        return _closed(error, state)
    return _broken(error, state) if code in DATABASE_BROKEN else None


def _full(error: Exception, state: Path) -> DiskFullError:
    return DiskFullError(
        "The disk is full.",
        given=f"{error}, at {_place(error, state)}",
        allowed="some free space: `local-cloud doctor` says how much is needed",
        remedy="Free some; then run the same command again: it goes on from where it stopped.",
    )


def _closed(error: Exception, state: Path) -> StateClosedError:
    return StateClosedError(
        "The stack's state can't be written.",
        given=f"{error}, at {_place(error, state)}",
        allowed="a directory that you may write",
        remedy="Give yourself the right to write there, or name another directory in LOCAL_CLOUD_HOME.",
    )


def _broken(error: Exception, state: Path) -> StateBrokenError:
    return StateBrokenError(
        "The stack's database is damaged.",
        given=f"{error}, at {_place(error, state)}",
        allowed="the file as the local cloud wrote it",
        remedy="Put it back from a copy, or begin anew: make down, then make up.",
    )


def _place(error: Exception, state: Path) -> str:
    return str(getattr(error, "filename", None) or state)
