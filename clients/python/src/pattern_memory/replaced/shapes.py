"""The answers of the replaced class, made of the module's documents.

They have the fields that they always had and no others, and times as `datetime.now().isoformat()` writes them, in local
time without a zone: agents read them with `datetime.fromisoformat` and compare them with `datetime.now()`.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..names import original

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..documents import Evolution, FixRate, Health, Insights, IssueTrends, Pattern, SessionAnalytics


def local_time(time: str) -> str:
    """A time of the module in local time."""
    return datetime.fromisoformat(time.replace("Z", "+00:00")).astimezone().replace(tzinfo=None).isoformat()


def no_patterns() -> list[dict[str, Any]]:
    """What `get_team_patterns` answers when it fails."""
    return []


def nothing() -> dict[str, Any]:
    """What others answer when they fail."""
    return {}


def team_patterns(patterns: Iterable[Pattern]) -> list[dict[str, Any]]:
    """Of `get_team_patterns`."""
    return [
        {
            "pattern_type": original(pattern["pattern_type"]),
            "pattern_data": pattern["pattern_data"],
            "confidence": pattern["confidence"],
            "usage_count": pattern["usage_count"],
            "created_at": local_time(pattern["created_at"]),
            "updated_at": local_time(pattern["updated_at"]),
        }
        for pattern in patterns
    ]


def issue_trends(trends: IssueTrends) -> dict[str, Any]:
    """Of `get_issue_trends`. The distributions were counters, and may be asked for their `most_common`."""
    return {
        "trending_issues": [
            {
                "issue_type": original(issue["issue_type"]),
                "issue_rule": original(issue["issue_rule"]),
                "severity": original(issue["severity"]),
                "frequency": issue["frequency"],
                "last_seen": local_time(issue["last_seen"]),
                "trend_score": issue["trend_score"],
                "created_at": local_time(issue["created_at"]),
            }
            for issue in trends["trending_issues"]
        ],
        "issue_distribution": _counter(trends["issue_distribution"]),
        "severity_distribution": _counter(trends["severity_distribution"]),
        "total_patterns": trends["total_patterns"],
    }


def no_trends() -> dict[str, Any]:
    """What `get_issue_trends` answers when it fails."""
    return {"trending_issues": [], "issue_distribution": {}, "severity_distribution": {}, "total_patterns": 0}


def fix_success_rates(rates: Mapping[str, FixRate]) -> dict[str, Any]:
    """Of `get_fix_success_rates`."""
    return {
        original(fix_type): {
            "total_attempts": rate["total_attempts"],
            "successful_fixes": rate["successful_fixes"],
            "success_rate": rate["success_rate"],
            "avg_feedback": rate["avg_feedback"] or 0.0,
        }
        for fix_type, rate in rates.items()
    }


def learning_analytics(analytics: SessionAnalytics) -> dict[str, Any]:
    """Of `get_learning_analytics`."""
    breakdown = {original(type): dict(sums) for type, sums in analytics["session_breakdown"].items()}
    return {**analytics, "session_breakdown": breakdown}


def no_analytics() -> dict[str, Any]:
    """What `get_learning_analytics` answers when it fails."""
    return {
        "total_sessions": 0,
        "total_patterns_learned": 0,
        "total_insights_generated": 0,
        "session_breakdown": {},
    }


def comprehensive_insights(insights: Insights, patterns: Iterable[Pattern]) -> dict[str, Any]:
    """Of `get_comprehensive_insights`, with all patterns: the module's report has the most certain ones."""
    summary = insights["pattern_confidence_summary"]
    return {
        "team_patterns": team_patterns(patterns),
        "issue_trends": issue_trends(insights["issue_trends"]),
        "fix_success_rates": fix_success_rates(insights["fix_success_rates"]),
        "learning_analytics": learning_analytics(insights["learning_analytics"]),
        "pattern_confidence_summary": {original(type): dict(sums) for type, sums in summary.items()},
        "recommendations": insights["recommendations"],
    }


def pattern_evolution(pattern_type: str, histories: Iterable[Evolution]) -> dict[str, Any]:
    """Of `get_pattern_evolution`: newest first, data as JSON text, and a reason for each change."""
    changes = [change for history in histories for change in history["changes"]]
    changes.sort(key=lambda change: change["created_at"], reverse=True)
    return {
        "pattern_type": pattern_type,
        "changes": [
            {
                "pattern_type": pattern_type,
                "before_data": None if change["before_data"] is None else json.dumps(change["before_data"]),
                "after_data": json.dumps(change["after_data"]),
                "reason": change["reason"] or _reason(change["confidence_before"], change["confidence_after"]),
                "created_at": local_time(change["created_at"]),
                "confidence_change": change["confidence_change"],
            }
            for change in changes
        ],
        "confidence_trend": [
            {"date": local_time(change["created_at"]), "confidence_change": change["confidence_change"]}
            for change in changes
        ],
        "total_changes": len(changes),
    }


def health(found: Health, patterns_count: int) -> dict[str, Any]:
    """Of `health_check`."""
    return {
        **no_health(None),
        "redis_connected": True,
        "patterns_count": patterns_count,
        "redis_info": {
            "version": found["server_version"],
            "memory_used": _readable(found["used_memory"]),
            "connected_clients": found["connected_clients"],
            "module_version": found["module_version"],
        },
    }


def pattern_count(insights: Insights) -> int:
    """How many patterns a repo holds."""
    return sum(summary["pattern_count"] for summary in insights["pattern_confidence_summary"].values())


def no_health(error: str | None, *, connected: bool = False) -> dict[str, Any]:
    """What `health_check` answers when it fails."""
    return {
        "redis_available": True,
        "redis_connected": connected,
        "sqlite_available": False,
        "active_backend": "redis",
        "patterns_count": 0,
        "redis_info": {},
        "error": error,
    }


def _counter(distribution: Mapping[str, int]) -> Counter[str]:
    return Counter({original(name): count for name, count in distribution.items()})


def _reason(before: float | None, after: float) -> str:
    if before is None:
        return f"Created new pattern with confidence {after}"
    return f"Updated pattern confidence from {before} to {after}"


def _readable(size: float) -> str:
    """Bytes as `used_memory_human` has them."""
    units = iter("BKMGT")
    unit = next(units)
    while size >= 1024 and unit != "T":
        size, unit = size / 1024, next(units)
    return f"{size:.2f}{unit}"
