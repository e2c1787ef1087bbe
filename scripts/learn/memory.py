"""The module's commands this job uses, as a client sees them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import redis

from .conventions import Pattern
from .fixes import Outcome


class PatternMemory:
    """One repo's memory on one server. Replies are the module's JSON documents, read."""

    def __init__(self, host: str, port: int, repo: str) -> None:
        self.repo = repo
        self._redis = redis.Redis(host=host, port=port, decode_responses=True)

    def server(self) -> str:
        """Name and version of the server, and of the module."""
        info = self._redis.info("server")
        name, version = info.get("server_name", "redis"), info.get("valkey_version", info["redis_version"])
        health = self._json("PATTERN.HEALTH")
        module = health.get("module_version") or health.get("version") or ""
        return f"{name} {version}, patternmemory {module}".rstrip()

    def track(self, issues: Counter[tuple[str, str, str]]) -> list[int]:
        """A whole linter run in one call; the new frequencies, in the order of `issues`."""
        arguments: list[str | int] = []
        for (issue_type, rule, severity), count in issues.items():
            arguments += [issue_type, rule, severity, count]
        return self._redis.execute_command("ISSUE.MTRACK", self.repo, *arguments)

    def store(self, patterns: Sequence[Pattern]) -> list[dict[str, Any]]:
        """Patterns, in one round trip."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for pattern in patterns:
                pipeline.execute_command(
                    "PATTERN.STORE",
                    self.repo,
                    pattern.pattern_type,
                    json.dumps(pattern.data),
                    "ID",
                    pattern.id,
                    "CONFIDENCE",
                    pattern.confidence,
                    "REASON",
                    pattern.reason,
                )
            return [json.loads(reply) for reply in pipeline.execute()]

    def record_fixes(self, outcomes: Sequence[Outcome]) -> list[int]:
        """Outcomes, in one round trip. The key makes a second run over the same files count nothing twice."""
        with self._redis.pipeline(transaction=False) as pipeline:
            for outcome in outcomes:
                metadata = {
                    "file": outcome.file,
                    "rule": outcome.rule,
                    "findings_before": outcome.before,
                    "findings_after": outcome.after,
                    "still_parses": outcome.still_parses,
                }
                pipeline.execute_command(
                    "FIX.RECORD",
                    self.repo,
                    outcome.issue_type,
                    outcome.fix_type,
                    int(outcome.success),
                    "FEEDBACK",
                    outcome.feedback,
                    "METADATA",
                    json.dumps(metadata),
                    "ID",
                    outcome.key,
                )
            return pipeline.execute()

    def record_session(self, patterns: int, insights: int, data: dict[str, Any]) -> int:
        """The run itself; the number of sessions kept."""
        return self._redis.execute_command(
            "SESSION.RECORD", self.repo, "lint_run", patterns, insights, "DATA", json.dumps(data)
        )

    def insights(self, top: int) -> dict[str, Any]:
        """Everything at once."""
        return self._json("PATTERN.INSIGHTS", self.repo, "TOP", top)

    def advice(self, issue_type: str) -> list[dict[str, Any]]:
        """Which fix to use for a type of issue."""
        return self._json("FIX.ADVISE", self.repo, issue_type)

    def _json(self, *command: str | int) -> Any:
        return json.loads(self._redis.execute_command(*command))
