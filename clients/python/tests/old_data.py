"""Data as the replaced class wrote them, faults included."""

from __future__ import annotations

import json
from typing import Any

SECRET = "EXAMPLE-hunter2-x9"


class OldClass:
    """Writes to one server by the class's keys and shapes."""

    def __init__(self, redis: Any) -> None:
        self.redis = redis

    def pattern(self, repo: str, pattern_type: str, **fields: Any) -> None:
        record = {
            "pattern_type": pattern_type,
            "pattern_data": json.dumps({"style": "snake_case", "note": f'password = "{SECRET}"'}),
            "confidence": "0.9",
            "usage_count": "7",
            "created_at": "2026-01-05T10:00:00.123456",
            "updated_at": "2026-03-01T12:30:00",
            **fields,
        }
        self.redis.hset(f"kirolinter:pattern:{repo}:{pattern_type}", mapping=record)
        self.redis.sadd(f"kirolinter:index:patterns:{repo}", pattern_type)

    def change(self, repo: str, pattern_type: str, before: str, after: str, at: str, reason: str = "seen") -> None:
        record = {
            "before_data": before,
            "after_data": after,
            "confidence_change": 0.1,
            "reason": reason,
            "created_at": at,
        }
        self.redis.lpush(f"kirolinter:changes:{repo}:{pattern_type}", json.dumps(record))

    def issue(self, repo: str, issue_type: str, rule: str, **fields: Any) -> None:
        record = {
            "issue_type": issue_type,
            "issue_rule": rule,
            "severity": "low",
            "frequency": 40,
            "last_seen": "2026-03-09T08:00:00",
            "trend_score": 4.0,
            "created_at": "2026-02-28T08:00:00",
            **fields,
        }
        self.redis.hset(f"kirolinter:issues:{repo}", f"{issue_type}:{rule}", json.dumps(record))

    def fix(self, repo: str, issue_type: str, fix_type: str, success: object, at: str, **fields: Any) -> None:
        record = {
            "issue_type": issue_type,
            "fix_type": fix_type,
            "success": success,
            "feedback_score": 0.5,
            "metadata": {"note": f'password = "{SECRET}"'},
            "applied_at": at,
            **fields,
        }
        self.redis.lpush(f"kirolinter:fixes:{repo}", json.dumps(record))

    def session(self, repo: str, session_type: str, learned: int, insights: int, at: str) -> None:
        record = {
            "session_type": session_type,
            "patterns_learned": learned,
            "insights_generated": insights,
            "session_data": {"files": 3},
            "created_at": at,
        }
        self.redis.lpush(f"kirolinter:sessions:{repo}", json.dumps(record))

    def lived(self, repo: str) -> None:
        """Something of everything."""
        self.pattern(repo, "naming")
        self.pattern(repo, "imports", confidence="0.4", usage_count="0")
        self.change(repo, "naming", "{}", '{"style": "camelCase"}', "2026-01-05T10:00:00")
        self.change(repo, "naming", '{"style": "camelCase"}', '{"style": "snake_case"}', "2026-03-01T12:30:00", "why")
        self.issue(repo, "style", "E501")
        self.issue(repo, "security", "S105", severity="high", frequency=1, trend_score=0.1)
        for day, success in ((1, True), (2, False), (3, True)):
            self.fix(repo, "style", "wrap", success, f"2026-03-0{day}T00:00:00")
        self.fix(repo, "security", "wrap", True, "2026-03-04T00:00:00", feedback_score=None, metadata=None)
        self.session(repo, "review", 3, 1, "2026-03-01T00:00:00")
        self.session(repo, "scan", 2, 0, "2026-03-02T00:00:00")

    def left(self) -> set[str]:
        return set(self.redis.keys("kirolinter:*"))
