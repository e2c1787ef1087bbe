"""What every measurement needs: the server, a connection, and how much effort to take."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import redis

from .results import Results
from .rounds import Turn
from .wire import Command, Wire, batches, encode

DEPTH = 50


@dataclass(frozen=True)
class Effort:
    """How often things are done."""

    rounds: int
    calls: int
    read_seconds: float
    read_rounds: int


QUICK = Effort(rounds=7, calls=1_000, read_seconds=0.03, read_rounds=3)
FULL = Effort(rounds=21, calls=3_000, read_seconds=0.1, read_rounds=9)


@dataclass
class Bench:
    """One run on one server."""

    server: redis.Redis
    wire: Wire
    effort: Effort
    advance: Callable[[str], None] = lambda note: None
    results: Results = field(default_factory=Results)

    def do(self, commands: Iterable[Command], depth: int = DEPTH) -> None:
        """Sends commands that are not measured."""
        self.wire.run(batches((encode(command) for command in commands), depth))

    def turn(self, calls: list[bytes], of: int | None = None, before: Callable[[], None] | None = None) -> Turn:
        """A contender that sends these calls; `of`: how many calls they count as."""
        prepared = batches(calls, DEPTH)
        return Turn(lambda: self.wire.run(prepared), of or len(calls), before)

    def json(self, *command: bytes | str | int | float) -> Any:
        """A document of the module."""
        return json.loads(self.server.execute_command(*command))

    def copy_repo(self, repo: str, other: str) -> None:
        """Copies every key, so that another contender starts from the same state."""
        for key in self.keys(repo):
            self.server.copy(key, key.replace(f"{{{repo}}}", f"{{{other}}}"), replace=True)

    def keys(self, repo: str) -> list[str]:
        """The keys of a repo."""
        return list(self.server.scan_iter(match=f"pm:{{{repo}}}:*", count=1_000))
