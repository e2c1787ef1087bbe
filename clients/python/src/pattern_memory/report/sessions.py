"""Sessions by day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pattern_memory.documents import Session


@dataclass
class SessionDay:
    """What the sessions of one day brought."""

    date: str
    sessions: int = 0
    patterns: int = 0
    insights: int = 0


def by_day(sessions: Iterable[Session], dates: Sequence[str]) -> list[SessionDay]:
    """The sessions of these days, days without any included."""
    days = {date: SessionDay(date) for date in dates}
    for session in sessions:
        day = days.get(session["created_at"][:10])
        if day is not None:
            day.sessions += 1
            day.patterns += session["patterns_learned"]
            day.insights += session["insights_generated"]
    return list(days.values())
