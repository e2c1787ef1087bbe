"""`FIX.*`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .request import Request, command, document, integer, json_object, limit, options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..documents import Advice, Fix, FixRate


def record_fix(
    repo: str,
    issue_type: str,
    fix_type: str,
    success: bool,
    *,
    feedback: float | None = None,
    metadata: Mapping[str, Any] | None = None,
    id: str | None = None,
) -> Request[int]:
    """Record whether a fix worked; how often this type of fix was tried. The same `id` counts once."""
    given = options(FEEDBACK=feedback, METADATA=None if metadata is None else json_object("metadata", metadata), ID=id)
    return command("FIX.RECORD", repo, issue_type, fix_type, bool(success), *given, read=integer)


def fix_rates(repo: str) -> Request[dict[str, FixRate]]:
    """How every type of fix fares."""
    return command("FIX.RATES", repo, read=document)


def advise(
    repo: str,
    issue_type: str,
    *,
    auto: float | None = None,
    stop: float | None = None,
    limit: int | None = None,
) -> Request[list[Advice]]:
    """The fixes tried against a type of issue, the surest first, and what to do with each.

    `auto` is 0.9 and `stop` 0.5 where not given.
    """
    return command("FIX.ADVISE", repo, issue_type, *options(AUTO=auto, STOP=stop, LIMIT=limit), read=document)


def list_fixes(repo: str, *, offset: int = 0, count: int | None = None) -> Request[list[Fix]]:
    """The recorded outcomes, newest first."""
    return command("FIX.LIST", repo, *limit(offset, count), read=document)
