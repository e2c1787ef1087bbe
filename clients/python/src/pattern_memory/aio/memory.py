"""The memory, through a client that is awaited."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from redis.asyncio import Redis, RedisCluster

from ..commands import fix, issue, pattern, server, session
from ..memory import DEFAULT_URL
from ..pipeline import Queue
from ..retries import Retries
from ..steps import Block, Nodes, Pause, every_repo, fulfil, is_cluster
from ..surface import awaiting, repo_awaiting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import TracebackType

    from ..commands.request import Request
    from ..steps import Job

__all__ = ["Memory", "Pipeline", "Repo", "connect", "connect_cluster"]

T = TypeVar("T")


def connect(url: str = DEFAULT_URL, *, retries: Retries | None = None, **redis_options: Any) -> Memory:
    """The memory on one server. Connects with the first call; `redis_options` are those of `Redis.from_url`."""
    return Memory(redis_client(url, **redis_options), retries=retries)


def redis_client(url: str, **redis_options: Any) -> Redis:
    """A client that closes its pool when it is closed, which redis-py 4 left to the caller."""
    client = Redis.from_url(url, **redis_options)
    client.auto_close_connection_pool = True
    return client


def connect_cluster(url: str = DEFAULT_URL, *, retries: Retries | None = None, **redis_options: Any) -> Memory:
    """The memory on a cluster, of which `url` names one node. Connects with the first call."""
    return Memory(RedisCluster.from_url(url, **redis_options), retries=retries)


class Memory:
    """What agents have learned, by repo.

    `redis_client` is a `redis.asyncio.Redis` or `RedisCluster`, whatever its options; it stays usable besides.
    """

    def __init__(self, redis_client: Redis | RedisCluster, *, retries: Retries | None = None) -> None:
        self.redis: Any = redis_client
        """The client beneath."""
        self.retries = retries or Retries()

    def repo(self, name: str) -> Repo:
        """One repo, by its name in the module: see `repo_name` for paths that hold braces and the like."""
        return Repo(self, name)

    async def repos(self, match: str | None = None, *, count: int = 1000) -> AsyncIterator[str]:
        """The names of the repos that the caller may read, on all masters of a cluster, each once.

        `match` is a glob. As with SCAN, a repo that comes or goes meanwhile may be there or not.
        """
        for name in await self.drive(every_repo(self.retries, match, count)):
            yield name

    def pipeline(self, *, transaction: bool = False) -> Pipeline:
        """The same methods, queued, and sent in one round trip by `execute`. A transaction is MULTI and EXEC."""
        return Pipeline(self, transaction=transaction)

    anonymize = awaiting(server.anonymize)
    rules = awaiting(server.rules)
    health = awaiting(server.health)

    async def close(self) -> None:
        """Close the connections."""
        # `close` until redis-py 5, where it came to warn.
        await getattr(self.redis, "aclose", self.redis.close)()

    async def __aenter__(self) -> Memory:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _run(self, request: Request[T]) -> T:
        return await self.drive(fulfil(request, self.retries))

    async def drive(self, job: Job[T]) -> T:
        """Carry out a job, step by step."""
        try:
            step = next(job)
            while True:
                try:
                    came: Any = None
                    if isinstance(step, Pause):
                        await asyncio.sleep(step.seconds)
                    elif isinstance(step, Block):
                        came = await asyncio.to_thread(step.work)
                    else:
                        if is_cluster(self.redis):
                            await self.redis.initialize()  # once; without it nothing is known of nodes
                        came = step.on(self.redis)
                        if not isinstance(step, Nodes):
                            came = await came
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

    async def _run(self, request: Request[T]) -> T:
        return await self._memory._run(request)

    store_pattern = repo_awaiting(pattern.store_pattern)
    get_pattern = repo_awaiting(pattern.get_pattern)
    list_patterns = repo_awaiting(pattern.list_patterns)
    set_confidence = repo_awaiting(pattern.set_confidence)
    evolution = repo_awaiting(pattern.evolution)
    delete_pattern = repo_awaiting(pattern.delete_pattern)
    insights = repo_awaiting(pattern.insights)
    export = repo_awaiting(pattern.export)
    export_json = repo_awaiting(pattern.export_json)
    import_ = repo_awaiting(pattern.import_)
    retain = repo_awaiting(pattern.retain)
    forget = repo_awaiting(pattern.forget)
    health = repo_awaiting(server.repo_health)
    track_issue = repo_awaiting(issue.track_issue)
    track_issues = repo_awaiting(issue.track_issues)
    get_issue = repo_awaiting(issue.get_issue)
    issue_trends = repo_awaiting(issue.issue_trends)
    issue_history = repo_awaiting(issue.issue_history)
    record_fix = repo_awaiting(fix.record_fix)
    fix_rates = repo_awaiting(fix.fix_rates)
    advise = repo_awaiting(fix.advise)
    list_fixes = repo_awaiting(fix.list_fixes)
    record_session = repo_awaiting(session.record_session)
    session_analytics = repo_awaiting(session.session_analytics)
    list_sessions = repo_awaiting(session.list_sessions)


class Pipeline(Queue):
    """Requests that go in one round trip."""

    def __init__(self, memory: Memory, *, transaction: bool) -> None:
        super().__init__(memory.retries, transaction=transaction)
        self._memory = memory

    async def execute(self, *, raise_on_error: bool = True) -> list[Any]:
        """Send what is queued; the results in their order. Raises the first error, or leaves errors in the list."""
        return await self._memory.drive(self._job(raise_on_error))

    async def __aenter__(self) -> Pipeline:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.reset()
