"""Conditional headers, judged inside the transaction that reads or writes the row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from local.services.blob.errors import NOT_MODIFIED, BlobError, Code


@dataclass(frozen=True, kw_only=True)
class Version:
    """What a condition is judged against: a blob's ETag and time of change."""

    etag: str
    modified: dt.datetime


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """The four conditional headers of one request; absent ones are empty.

    Source: learn.microsoft.com/rest/api/storageservices, specifying-conditional-headers-for-blob-service-operations.
    """

    match: str = ""
    none_match: str = ""
    modified_since: dt.datetime | None = None
    unmodified_since: dt.datetime | None = None
    refusal: Code = Code.CONDITION_NOT_MET

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Conditions:
        """The conditions on the blob that the request addresses.

        Raises:
            BlobError: InvalidHeaderValue for a date that is none.
        """
        return cls._of(headers, "", Code.CONDITION_NOT_MET)

    @classmethod
    def of_source(cls, headers: Mapping[str, str]) -> Conditions:
        """The conditions on the source of a copy."""
        return cls._of(headers, "x-ms-source-", Code.SOURCE_CONDITION_NOT_MET)

    @classmethod
    def _of(cls, headers: Mapping[str, str], prefix: str, refusal: Code) -> Conditions:
        return cls(
            match=headers.get(f"{prefix}if-match", ""),
            none_match=headers.get(f"{prefix}if-none-match", ""),
            modified_since=_date(headers.get(f"{prefix}if-modified-since")),
            unmodified_since=_date(headers.get(f"{prefix}if-unmodified-since")),
            refusal=refusal,
        )

    def check_write(self, current: Version | None) -> None:
        """Let a write pass or refuse it.

        Raises:
            BlobError: BlobAlreadyExists (409) for `If-None-Match: *` on a blob that is there, else ConditionNotMet (412).
        """
        if current is not None and self.none_match == "*":
            raise BlobError(Code.BLOB_ALREADY_EXISTS)
        if not self._holds(current, refused_unchanged=current is not None):
            raise BlobError(self.refusal)

    def check_read(self, current: Version) -> None:
        """Let a read pass or refuse it.

        Raises:
            BlobError: ConditionNotMet, 304 when the reader has this version already, else 412.
        """
        if _matches(self.none_match, current) or not _newer(self.modified_since, current):
            raise BlobError(self.refusal, status=NOT_MODIFIED)
        if not self._holds(current, refused_unchanged=False):
            raise BlobError(self.refusal)

    def _holds(self, current: Version | None, *, refused_unchanged: bool) -> bool:
        if self.match and (current is None or not _matches(self.match, current)):
            return False
        if current is None:
            return True
        if self.unmodified_since and _seconds(current.modified) > self.unmodified_since:
            return False
        return not refused_unchanged or (not _matches(self.none_match, current) and _newer(self.modified_since, current))


def _matches(wanted: str, current: Version) -> bool:
    return wanted == "*" or current.etag in (part.strip() for part in wanted.split(","))


def _newer(since: dt.datetime | None, current: Version) -> bool:
    return since is None or _seconds(current.modified) > since


def _seconds(moment: dt.datetime) -> dt.datetime:
    return moment.replace(microsecond=0)


def _date(text: str | None) -> dt.datetime | None:
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError as error:
        raise BlobError(Code.INVALID_HEADER_VALUE, f"{text!r} is not a date.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
