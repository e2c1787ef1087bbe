"""The server that old data move to, as far as a migration needs it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from redis import exceptions as redis_errors

from pattern_memory.errors import AccessDenied, from_redis

from .document import HalfLives

if TYPE_CHECKING:
    from pattern_memory import Memory
    from pattern_memory.documents import Imported

TRACE_TYPE = "pattern-memory-migration"
_MARK_SECONDS = 365 * 86_400


class Target:
    """The memory, with the marks and traces that make a migration safe to repeat.

    `label` names the source. Several old repos, of one source or of several, may move into one: each has its own.
    """

    def __init__(self, memory: Memory, label: str) -> None:
        self._memory, self._label = memory, label

    def half_lives(self) -> HalfLives:
        """The server's settings; what they are by default where it does not tell."""
        usual = HalfLives()
        return HalfLives(
            trend=self._setting("patternmemory.trend-half-life", usual.trend),
            fix=self._setting("patternmemory.fix-half-life", usual.fix),
        )

    def import_(self, repo: str, document: dict[str, Any], *, replace: bool) -> Imported:
        """All of a document, or nothing."""
        return self._memory.repo(repo).import_(document, mode="replace" if replace else "merge")

    def mark(self, repo: str, old: str) -> str | None:
        """The digest of what was moved of the old repo `old`, as the mark tells it."""
        found = self._plainly("HGET", _mark(repo), self._name(old))
        return found.decode() if isinstance(found, bytes) else found

    def set_mark(self, repo: str, old: str, digest: str) -> None:
        """Remembers what was moved."""
        self._plainly("HSET", _mark(repo), self._name(old), digest)
        self._plainly("EXPIRE", _mark(repo), _MARK_SECONDS)

    def trace_pattern(self, old: str, digest: str, at: str) -> dict[str, Any]:
        """The trace, for a document. The digest goes as numbers, which no rule takes for a secret."""
        return {
            "pattern": {
                "pattern_type": TRACE_TYPE,
                "id": self._name(old),
                "pattern_data": {"digest": [int(digest[i : i + 4], 16) for i in range(0, len(digest), 4)]},
                "confidence": 0.7,
                "usage_count": 0,
                "version": 1,
                "created_at": at,
                "updated_at": at,
            },
            "history": [],
        }

    def trace(self, repo: str, old: str) -> str | None:
        """The digest in the trace that a broken run left."""
        found = self._memory.repo(repo).get_pattern(TRACE_TYPE, id=self._name(old))
        words = found["pattern_data"].get("digest") if found else None
        return "".join(f"{word:04x}" for word in words) if isinstance(words, list) else None

    def remove_trace(self, repo: str, old: str) -> None:
        """Where there is none, nothing happens."""
        self._memory.repo(repo).delete_pattern(TRACE_TYPE, id=self._name(old))

    def _name(self, old: str) -> str:
        return hashlib.sha256(f"{self._label}\0{old}".encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def _setting(self, name: str, usual: float) -> float:
        try:
            found = self._memory.redis.config_get(name)
        except redis_errors.RedisError:
            return usual
        values = [
            float(value) for key, value in found.items() if (key.decode() if isinstance(key, bytes) else key) == name
        ]
        return values[0] if values else usual

    def _plainly(self, *command: str | int) -> Any:
        try:
            return self._memory.redis.execute_command(*command)
        except redis_errors.RedisError as error:
            problem = from_redis(error)
            if isinstance(problem, AccessDenied):
                raise AccessDenied(
                    "a migration marks what it moved: ACL SETUSER ... '~pattern-memory:migrated:*' +hget +hset +expire"
                ) from error
            raise problem from error


def _mark(repo: str) -> str:
    # The slot of the repo's own keys.
    return f"pattern-memory:migrated:{{{repo}}}"
