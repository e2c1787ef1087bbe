"""A repo that has lived for a while, some of its names hostile to a page that shows them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pattern_memory import Repo

HOSTILE = "<script>window.owned=1</script>"
HOSTILE_NAMES = (
    HOSTILE,
    "<img src=x onerror=window.owned=1>",
    "'\"></title></svg></style><b>bold</b>",
    "{{ 7 * 7 }}{% raw %}",
    "a_name_without_a_place_to_break_it_" * 6,
)
_RULES = (("style", "E501", "low", 9), ("security", "S105", "critical", 2), ("bugs", "B006", "high", 4))


def live(repo: Repo, days: int = 30) -> None:
    """Findings and sessions on each of these days, patterns with a past, outcomes of fixes."""
    now = datetime.now(timezone.utc)
    counters: dict[str, dict[str, int]] = {}
    sessions: list[dict[str, Any]] = []
    for age in range(days):
        at = now - timedelta(days=age)
        counters[at.strftime("%Y-%m-%d")] = {
            **{f"issue:{kind}:{severity}": n + age % 5 for kind, _, severity, n in _RULES},
            "session:review:count": 1,
            "session:review:patterns": age % 4,
            "session:review:insights": 1,
        }
        sessions.append(
            {
                "session_type": "review",
                "patterns_learned": age % 4,
                "insights_generated": 1,
                "session_data": None,
                "created_at": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            }
        )
    repo.import_(
        {
            "format": "pattern-memory",
            "version": 1,
            "repo": repo.name,
            "exported_at": now.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "patterns": [],
            "issues": [],
            "fixes": [],
            "fix_stats": [],
            "sessions": sessions,
            "days": counters,
        }
    )
    for kind, rule, severity, n in _RULES:
        repo.track_issue(kind, rule, severity, n)
    for i, name in enumerate(HOSTILE_NAMES):
        repo.track_issue(name, name, name, 1 + i)
        repo.store_pattern(name, {"note": name}, id=name, confidence=0.3 + 0.15 * i, reason=name)
        repo.set_confidence(name, 0.4 + 0.15 * i, id=name)
        repo.record_fix(name, name, i % 2 == 0, feedback=0.5)
        repo.record_session(name, 1, 1)
    for i in range(20):
        repo.store_pattern("naming", {"style": "snake_case", "n": i}, id=f"p{i}", confidence=i / 20)
        repo.record_fix("style", "wrap-line", i % 7 != 0)
        repo.record_fix("security", "use-secrets", i % 3 == 0, feedback=-0.5)
