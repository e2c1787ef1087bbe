"""The memory, through a client that blocks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

from redis import Redis, RedisCluster

from .commands import fix, issue, pattern, server, session
from .errors import REDIS_ERRORS, from_redis
from .pipeline import Queue
from .retries import Retries
from .steps import Block, Pause, every_repo, fulfil
from .surface import blocking, repo_blocking

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from .commands.request import Request
    from .steps import Job

__all__ = ["Memory", "Pipeline", "Repo", "connect", "connect_cluster"]

T = TypeVar("T")

DEFAULT_URL = "redis://localhost:6379"


def connect(url: str = DEFAULT_URL, *, retries: Retries | None = None, **redis_options: Any) -> Memory:
    """The memory on one server. Connects with the first call; `redis_options` are those of `redis.Redis.from_url`."""
    return Memory(Redis.from_url(url, **redis_options), retries=retries)


def connect_cluster(url: str = DEFAULT_URL, *, retries: Retries | None = None, **redis_options: Any) -> Memory:
    """The memory on a cluster, of which `url` names one node. Connects at once, as redis-py does."""
    try:
        return Memory(RedisCluster.from_url(url, **redis_options), retries=retries)
    except REDIS_ERRORS as error:
        raise from_redis(error) from error


class Memory:
    """What agents have learned, by repo.

    `redis_client` is a `redis.Redis` or `redis.RedisCluster`, whatever its options; it stays usable besides.
    """

    def __init__(self, redis_client: Redis | RedisCluster, *, retries: Retries | None = None) -> None:
        self.redis: Any = redis_client
        """The client beneath."""
        self.retries = retries or Retries()

    def repo(self, name: str) -> Repo:
        """One repo, by its name in the module: see `repo_name` for paths that hold braces and the like."""
        return Repo(self, name)

    def repos(self, match: str | None = None, *, count: int = 1000) -> Iterator[str]:
        """The names of the repos that the caller may read, on all masters of a cluster, each once.

        `match` is a glob. As with SCAN, a repo that comes or goes meanwhile may be there or not.
        """
        yield from self.drive(every_repo(self.retries, match, count))

    def pipeline(self, *, transaction: bool = False) -> Pipeline:
        """The same methods, queued, and sent in one round trip by `execute`. A transaction is MULTI and EXEC."""
        return Pipeline(self, transaction=transaction)

    anonymize = blocking(server.anonymize)
    rules = blocking(server.rules)
    health = blocking(server.health)

    def close(self) -> None:
        """Close the connections."""
        self.redis.close()

    def __enter__(self) -> Memory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, request: Request[T]) -> T:
        return self.drive(fulfil(request, self.retries))

    def drive(self, job: Job[T]) -> T:
        """Carry out a job, step by step."""
        try:
            step = next(job)
            while True:
                try:
                    came: Any = None
                    if isinstance(step, Pause):
                        time.sleep(step.seconds)
                    elif isinstance(step, Block):
                        came = step.work()
                    else:
                        came = step.on(self.redis)
                except Exception as error:
                    step = job.throw(error)
                else:
                    step = job.send(came)
        except StopIteration as done:
            result: T = done.value
            return result


class Repo:
    """What is known of one repo."""

    __slots__ = ("_memory", "name")

    def __init__(self, memory: Memory, name: str) -> None:
        self._memory, self.name = memory, name

    def __repr__(self) -> str:
        return f"<Repo {self.name!r}>"

    def _run(self, request: Request[T]) -> T:
        return self._memory._run(request)

    store_pattern = repo_blocking(pattern.store_pattern)
    get_pattern = repo_blocking(pattern.get_pattern)
    list_patterns = repo_blocking(pattern.list_patterns)
    set_confidence = repo_blocking(pattern.set_confidence)
    evolution = repo_blocking(pattern.evolution)
    delete_pattern = repo_blocking(pattern.delete_pattern)
    insights = repo_blocking(pattern.insights)
    export = repo_blocking(pattern.export)
    export_json = repo_blocking(pattern.export_json)
    import_ = repo_blocking(pattern.import_)
    retain = repo_blocking(pattern.retain)
    forget = repo_blocking(pattern.forget)
    health = repo_blocking(server.repo_health)
    track_issue = repo_blocking(issue.track_issue)
    track_issues = repo_blocking(issue.track_issues)
    get_issue = repo_blocking(issue.get_issue)
    issue_trends = repo_blocking(issue.issue_trends)
    issue_history = repo_blocking(issue.issue_history)
    record_fix = repo_blocking(fix.record_fix)
    fix_rates = repo_blocking(fix.fix_rates)
    advise = repo_blocking(fix.advise)
    list_fixes = repo_blocking(fix.list_fixes)
    record_session = repo_blocking(session.record_session)
    session_analytics = repo_blocking(session.session_analytics)
    list_sessions = repo_blocking(session.list_sessions)


class Pipeline(Queue):
    """Requests that go in one round trip."""

    def __init__(self, memory: Memory, *, transaction: bool) -> None:
        super().__init__(memory.retries, transaction=transaction)
        self._memory = memory

    def execute(self, *, raise_on_error: bool = True) -> list[Any]:
        """Send what is queued; the results in their order. Raises the first error, or leaves errors in the list."""
        return self._memory.drive(self._job(raise_on_error))

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.reset()
