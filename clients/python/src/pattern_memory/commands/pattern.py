"""`PATTERN.*` of one repo."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, Final, Literal

from ..errors import VersionConflict
from .request import (
    Request,
    command,
    document_or_none,
    encoded,
    free_text,
    integer,
    integer_or_none,
    json_object,
    limit,
    options,
    text,
)
from .request import (
    document as read_document,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..documents import Evolution, Imported, Insights, Pattern, Stored


class Auto(enum.Enum):
    """The type of `AUTO`."""

    AUTO = "AUTO"


AUTO: Final = Auto.AUTO
"""An id made of the data: the same data stored twice is one record used twice."""


def store_pattern(
    repo: str,
    type: str,
    data: Mapping[str, Any],
    *,
    id: str | Auto | None = None,
    confidence: float | None = None,
    reason: str | None = None,
    if_version: int | None = None,
    ttl: int | None = None,
) -> Request[Stored]:
    """Anonymize a pattern, store it, and add the change to its history.

    `id` is `default` where not given: one record per type. With `if_version` the record must have that version (0: must
    not exist), or `VersionConflict` is raised. `ttl` is in seconds, for this record alone.
    """
    given = options(
        ID=id.value if isinstance(id, Auto) else id,
        CONFIDENCE=confidence,
        REASON=None if reason is None else free_text(reason),
        IFVERSION=if_version,
        TTL=ttl,
    )
    return command("PATTERN.STORE", repo, type, json_object("data", data), *given, read=_stored)


def get_pattern(repo: str, type: str, *, id: str | None = None) -> Request[Pattern | None]:
    """One pattern, or None."""
    return command("PATTERN.GET", repo, type, *options(ID=id), read=document_or_none)


def list_patterns(
    repo: str,
    type: str | None = None,
    *,
    min_confidence: float | None = None,
    offset: int = 0,
    count: int | None = None,
) -> Request[list[Pattern]]:
    """Patterns by confidence and use, both descending."""
    given = options(TYPE=type, MINCONFIDENCE=min_confidence) + limit(offset, count)
    return command("PATTERN.LIST", repo, *given, read=read_document)


def set_confidence(
    repo: str, type: str, confidence: float, *, id: str | None = None, reason: str | None = None
) -> Request[int | None]:
    """Set the confidence of a pattern, which enters its history. The new version; None where there is no pattern."""
    given = options(ID=id, REASON=None if reason is None else free_text(reason))
    return command("PATTERN.CONFIDENCE", repo, type, confidence, *given, read=integer_or_none)


def evolution(
    repo: str, type: str, *, id: str | None = None, days: int | None = None, limit: int | None = None
) -> Request[Evolution | None]:
    """The history of a pattern, or None: what changed, from what to what, why and by whom."""
    return command("PATTERN.EVOLUTION", repo, type, *options(ID=id, DAYS=days, LIMIT=limit), read=document_or_none)


def delete_pattern(repo: str, type: str, *, id: str | None = None) -> Request[bool]:
    """Remove a pattern and its history; whether there was one."""
    return command("PATTERN.DEL", repo, type, *options(ID=id), read=bool)


def insights(repo: str, *, days: int | None = None, top: int | None = None) -> Request[Insights]:
    """Everything that is known of the repo at once, and what to do about it. 30 days and 20 rows where not given."""
    return command("PATTERN.INSIGHTS", repo, *options(DAYS=days, TOP=top), read=read_document)


def export(repo: str) -> Request[dict[str, Any]]:
    """The whole memory of the repo as one document, which `import_` takes."""
    return command("PATTERN.EXPORT", repo, read=read_document)


def export_json(repo: str) -> Request[str]:
    """The same document as text: what is in it is to the letter what the module wrote, numbers too."""
    return command("PATTERN.EXPORT", repo, read=text)


def import_(
    repo: str, document: Mapping[str, Any] | str | bytes, *, mode: Literal["merge", "replace"] = "merge"
) -> Request[Imported]:
    """Take a document of `export` in, as it is or as JSON. `replace` forgets the repo first, in the same step."""
    json = encoded(document) if isinstance(document, (str, bytes)) else json_object("document", document)
    return command("PATTERN.IMPORT", repo, json, mode.upper(), read=read_document)


def retain(repo: str, seconds: int) -> Request[int]:
    """Give every key of the repo the same TTL, shorter or longer than it had; the number of keys."""
    return command("PATTERN.RETAIN", repo, seconds, read=integer)


def forget(repo: str) -> Request[int]:
    """Delete all that is known of the repo; the number of keys."""
    return command("PATTERN.FORGET", repo, read=integer)


def _stored(reply: str | bytes | None) -> Any:
    if reply is None:
        raise VersionConflict
    return read_document(reply)
