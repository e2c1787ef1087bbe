"""What charts have on their axis of time: days, or longer spans where there are too many days to draw."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pattern_memory.documents import Day, Session

# Spans in days, and their names in "findings per ...".
_SPANS = ((1, "day"), (7, "week"), (30, "30 days"), (90, "90 days"))
_MOST_BARS = 92


@dataclass
class Period:
    """What came in some days from `date` on."""

    date: str
    findings: Counter[str] = field(default_factory=Counter)
    """By severity."""
    sessions: int = 0
    patterns: int = 0
    insights: int = 0

    @property
    def total(self) -> int:
        """All findings."""
        return sum(self.findings.values())


def span_of(days: int) -> tuple[int, str]:
    """How many days a bar stands for, and what that is called."""
    return next((span for span in _SPANS if days <= span[0] * _MOST_BARS), _SPANS[-1])


def periods(days: Sequence[Day], sessions: Iterable[Session], span: int) -> list[Period]:
    """Findings and sessions by periods of `span` days, oldest first; the last one ends with the last day."""
    by_date: dict[str, Period] = {}
    made: list[Period] = []
    first = len(days) % span
    for i, day in enumerate(days):
        if i == 0 or (i - first) % span == 0:
            made.append(Period(day["date"]))
        by_date[day["date"]] = made[-1]
        made[-1].findings.update(day["by_severity"])
    for session in sessions:
        period = by_date.get(session["created_at"][:10])
        if period is not None:
            period.sessions += 1
            period.patterns += session["patterns_learned"]
            period.insights += session["insights_generated"]
    return made
