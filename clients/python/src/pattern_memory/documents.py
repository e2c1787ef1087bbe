"""The module's documents, as types.

Times are UTC, ISO 8601 with milliseconds and `Z`; a field without a value is None, never missing.
"""

from __future__ import annotations

# `X | None` would do for type checkers, but some evaluate these at run time (pydantic does), on Python 3.9 too.
from typing import Any, Optional, TypedDict

__all__ = [
    "Advice",
    "Anonymized",
    "Change",
    "ConfidencePoint",
    "ConfidenceSummary",
    "Day",
    "Evolution",
    "Fix",
    "FixRate",
    "Health",
    "Imported",
    "Insights",
    "Issue",
    "IssueHistory",
    "IssueTrends",
    "Pattern",
    "Redaction",
    "ReposPage",
    "Rule",
    "Rules",
    "Session",
    "SessionAnalytics",
    "SessionSums",
    "Stored",
]


class Pattern(TypedDict):
    """A pattern that a team uses."""

    pattern_type: str
    id: str
    pattern_data: dict[str, Any]
    confidence: float
    usage_count: int
    version: int
    created_at: str
    updated_at: str


class Stored(TypedDict):
    """What storing a pattern did."""

    id: str
    version: int
    created: bool
    redactions: int


class Change(TypedDict):
    """One change of a pattern."""

    version: int
    before_data: Optional[dict[str, Any]]
    after_data: dict[str, Any]
    confidence_before: Optional[float]
    confidence_after: float
    confidence_change: float
    reason: Optional[str]
    user: Optional[str]
    created_at: str


class ConfidencePoint(TypedDict):
    """The confidence of a pattern from a moment on."""

    date: str
    confidence: float
    confidence_change: float


class Evolution(TypedDict):
    """The history of a pattern: changes newest first, the trend oldest first."""

    pattern_type: str
    id: str
    changes: list[Change]
    confidence_trend: list[ConfidencePoint]
    total_changes: int


class Issue(TypedDict):
    """An issue that keeps coming back. Rates are occurrences a day."""

    issue_type: str
    issue_rule: str
    severity: str
    frequency: int
    trend_score: float
    fast_rate: float
    slow_rate: float
    burst: bool
    burst_p: float
    created_at: str
    last_seen: str


class IssueTrends(TypedDict):
    """The issues that trend, and how the occurrences of the window are spread."""

    trending_issues: list[Issue]
    issue_distribution: dict[str, int]
    severity_distribution: dict[str, int]
    total_patterns: int


class Day(TypedDict):
    """The occurrences of one UTC day."""

    date: str
    total: int
    by_type: dict[str, int]
    by_severity: dict[str, int]


class IssueHistory(TypedDict):
    """Occurrences a day, oldest first, days without any included."""

    days: list[Day]
    total: int


class Fix(TypedDict):
    """The outcome of a fix."""

    issue_type: str
    fix_type: str
    success: bool
    feedback_score: Optional[float]
    metadata: Optional[dict[str, Any]]
    id: Optional[str]
    applied_at: str


class FixRate(TypedDict):
    """How a type of fix fares; the bounds are a Wilson interval of 95 %."""

    total_attempts: int
    successful_fixes: int
    success_rate: float
    avg_feedback: Optional[float]
    success_low: float
    success_high: float
    recent_success_rate: float
    last_applied_at: str


class Advice(TypedDict):
    """What to do with a type of fix: `auto`, `suggest`, `explore` or `stop`."""

    fix_type: str
    action: str
    attempts: int
    success_rate: float
    success_low: float
    success_high: float
    avg_feedback: Optional[float]


class Session(TypedDict):
    """A learning session."""

    session_type: str
    patterns_learned: int
    insights_generated: int
    session_data: Optional[dict[str, Any]]
    created_at: str


class SessionSums(TypedDict):
    """What the sessions of one type brought."""

    session_count: int
    patterns_learned: int
    insights_generated: int


class SessionAnalytics(TypedDict):
    """What the sessions of a window brought."""

    total_sessions: int
    total_patterns_learned: int
    total_insights_generated: int
    session_breakdown: dict[str, SessionSums]


class ConfidenceSummary(TypedDict):
    """How sure we are of the patterns of one type."""

    avg_confidence: float
    pattern_count: int
    high_confidence_count: int


class Insights(TypedDict):
    """Everything that is known of a repo, and what to do about it."""

    team_patterns: list[Pattern]
    issue_trends: IssueTrends
    fix_success_rates: dict[str, FixRate]
    learning_analytics: SessionAnalytics
    pattern_confidence_summary: dict[str, ConfidenceSummary]
    recommendations: list[str]


class Imported(TypedDict):
    """What came in, and how many redactions were made."""

    patterns: int
    issues: int
    fixes: int
    sessions: int
    redactions: int


class Redaction(TypedDict):
    """A rule that redacted something, and how often."""

    rule: str
    kind: str
    count: int


class Anonymized(TypedDict):
    """What a write would keep of a text."""

    text: str
    redactions: list[Redaction]


class Rule(TypedDict):
    """A redaction rule."""

    id: str
    family: str
    kind: str
    origin: str


class Rules(TypedDict):
    """The redaction rules in force."""

    count: int
    rules_file: Optional[str]
    loaded_at: str
    rules: list[Rule]


class ReposPage(TypedDict):
    """One step of an iteration over repos; the last one has the cursor "0"."""

    cursor: str
    repos: list[str]


class Health(TypedDict):
    """The state of the server, and what a repo holds. From `patterns_count` on None where no repo was named."""

    status: str
    module_version: str
    schema: str
    key_prefix: str
    server: str
    server_version: str
    mode: str
    role: str
    uptime_seconds: int
    connected_clients: int
    loading: bool
    used_memory: int
    max_memory: int
    evicted_keys: int
    rules_loaded: int
    repo: Optional[str]
    patterns_count: Optional[int]
    issues_count: Optional[int]
    fixes_count: Optional[int]
    sessions_count: Optional[int]
    days_count: Optional[int]
    keys_count: Optional[int]
    shortest_ttl: Optional[int]
    ttls: Optional[dict[str, int]]
