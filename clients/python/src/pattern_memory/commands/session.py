"""`SESSION.*`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .request import Request, command, document, integer, json_object, limit, options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..documents import Session, SessionAnalytics


def record_session(
    repo: str,
    type: str,
    patterns_learned: int,
    insights_generated: int,
    *,
    data: Mapping[str, Any] | None = None,
) -> Request[int]:
    """Record what a learning session brought; the number of sessions kept."""
    given = options(DATA=None if data is None else json_object("data", data))
    return command("SESSION.RECORD", repo, type, patterns_learned, insights_generated, *given, read=integer)


def session_analytics(repo: str, *, days: int | None = None) -> Request[SessionAnalytics]:
    """What the sessions of the last days brought; 30 days where not given."""
    return command("SESSION.ANALYTICS", repo, *options(DAYS=days), read=document)


def list_sessions(repo: str, *, offset: int = 0, count: int | None = None) -> Request[list[Session]]:
    """The recorded sessions, newest first."""
    return command("SESSION.LIST", repo, *limit(offset, count), read=document)
