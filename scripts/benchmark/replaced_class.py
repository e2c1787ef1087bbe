"""What the client-side class did that the module replaces: read, then a transaction, then the history.

Written from its description, faults included: the read is outside the transaction, there is one record for each
type, and every change holds the data before and after in full.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from typing import Any

import redis

_TTL = 90 * 86_400
_MAX_HISTORY = 1_000
# A few patterns over the strings of the first level; that was its anonymizer.
_RULES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}\.[A-Za-z]{2,}", "<REDACTED_EMAIL>"),
        (r"\b(?:\d{1,3}\.){3}\d{1,3}\b", "<REDACTED_IP>"),
        (r"https?://[^\s/]+:[^\s/]+@\S+", "<REDACTED_URL>"),
        (r"\b(?:sk|pk|ghp|xox[bp])[-_][A-Za-z0-9]{16,}\b", "<REDACTED>"),
        (r"(?i)\b(?:password|secret|token)\s*[=:]\s*\S+", "<REDACTED>"),
    )
)


class ReplacedClass:
    """One connection, one repo."""

    def __init__(self, server: redis.Redis, repo: str) -> None:
        self._redis, self._repo = server, repo

    def store_pattern(self, pattern_type: str, data: dict[str, Any], confidence: float, reason: str) -> None:
        """Three round trips."""
        key = f"pattern_memory:patterns:{self._repo}:{pattern_type}"
        before = self._redis.hgetall(key)
        now = datetime.now(timezone.utc).isoformat()
        after = json.dumps(_anonymize(data))
        record = {
            "pattern_type": pattern_type,
            "pattern_data": after,
            "confidence": confidence,
            "usage_count": int(before.get("usage_count", 0)) + 1,
            "version": int(before.get("version", 0)) + 1,
            "created_at": before.get("created_at", now),
            "updated_at": now,
        }
        index = f"pattern_memory:patterns:{self._repo}"
        with self._redis.pipeline(transaction=True) as transaction:
            transaction.hset(key, mapping=record)
            transaction.expire(key, _TTL)
            transaction.sadd(index, pattern_type)
            transaction.expire(index, _TTL)
            transaction.execute()
        history = f"pattern_memory:history:{self._repo}:{pattern_type}"
        change = {
            "pattern_type": pattern_type,
            "before_data": json.loads(before["pattern_data"]) if before else None,
            "after_data": json.loads(after),
            "confidence_before": float(before["confidence"]) if before else 0.0,
            "confidence_after": confidence,
            "confidence_change": 0.1,
            "reason": reason,
            "created_at": now,
        }
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.lpush(history, json.dumps(change))
            pipeline.ltrim(history, 0, _MAX_HISTORY - 1)
            pipeline.expire(history, _TTL)
            pipeline.execute()


def _anonymize(data: dict[str, Any]) -> dict[str, Any]:
    clean = {}
    for name, value in data.items():
        if isinstance(value, str):
            for pattern, replacement in _RULES:
                value = pattern.sub(replacement, value)
        clean[name] = value
    return clean
