"""What the page shows, asked of the server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pattern_memory import Repo
    from pattern_memory.documents import (
        Advice,
        Evolution,
        Health,
        Insights,
        IssueHistory,
        Pattern,
        Session,
    )

_MOST_PATTERNS = 100
_MOST_TRAJECTORIES = 24
_MOST_ISSUE_TYPES = 12
_MOST_SESSIONS = 5_000
_OUTCOMES = 1_000


@dataclass(frozen=True)
class Findings:
    """Everything that is known of a repo, at one moment."""

    repo: str
    days: int
    at: datetime
    health: Health
    insights: Insights
    history: IssueHistory
    patterns: list[Pattern]
    """The surest ones; `health` says how many there are."""
    evolutions: dict[tuple[str, str], Evolution]
    """By type and id, for some of the patterns."""
    advice: dict[str, list[Advice]]
    """By the type of issue that the fixes were tried against."""
    sessions: list[Session]

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is known."""
        counts = ("patterns_count", "issues_count", "fixes_count", "sessions_count")
        return not any(self.health.get(count) for count in counts) and not self.history["total"]


def collect(repo: Repo, days: int = 30, top: int = 20) -> Findings:
    """Asks for all of it. Only reads, so a replica will do."""
    patterns = repo.list_patterns(count=_MOST_PATTERNS)
    evolutions = {}
    for pattern in patterns[:_MOST_TRAJECTORIES]:
        evolution = repo.evolution(pattern["pattern_type"], id=pattern["id"], limit=100)
        if evolution is not None:
            evolutions[pattern["pattern_type"], pattern["id"]] = evolution
    tried = {fix["issue_type"] for fix in repo.list_fixes(count=_OUTCOMES)}
    advice = {issue_type: repo.advise(issue_type) for issue_type in sorted(tried)[:_MOST_ISSUE_TYPES]}
    return Findings(
        repo=repo.name,
        days=days,
        at=datetime.now(timezone.utc),
        health=repo.health(),
        insights=repo.insights(days=days, top=top),
        history=repo.issue_history(days=days),
        patterns=patterns,
        evolutions=evolutions,
        advice={issue_type: rows for issue_type, rows in advice.items() if rows},
        sessions=repo.list_sessions(count=_MOST_SESSIONS),
    )
