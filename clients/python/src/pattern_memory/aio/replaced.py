"""`RedisPatternMemory` and its factory, for agents that await."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from ..memory import DEFAULT_URL
from ..replaced import jobs
from ..replaced.anonymizer import is_sensitive_file
from ..replaced.attributes import Attributes, check_factory_arguments
from .memory import Memory
from .memory import redis_client as own_client

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from typing_extensions import Concatenate, ParamSpec

    from ..retries import Retries
    from ..steps import Job

    P = ParamSpec("P")

__all__ = ["RedisPatternMemory", "create_pattern_memory"]

T = TypeVar("T")


def _awaiting(
    job: Callable[Concatenate[jobs.Agent, P], Job[T]],
) -> Callable[Concatenate[RedisPatternMemory, P], Awaitable[T]]:
    @functools.wraps(job)
    async def method(self: RedisPatternMemory, /, *arguments: P.args, **options: P.kwargs) -> T:
        return await self.memory.drive(job(self, *arguments, **options))

    return method


def _of_anonymizer(
    job: Callable[Concatenate[jobs.Agent, P], Job[T]],
) -> Callable[Concatenate[Anonymizer, P], Awaitable[T]]:
    @functools.wraps(job)
    async def method(self: Anonymizer, /, *arguments: P.args, **options: P.kwargs) -> T:
        return await self._agent.memory.drive(job(self._agent, *arguments, **options))

    return method


class RedisPatternMemory(Attributes):
    """The twin of `pattern_memory.RedisPatternMemory`. Creating it connects to nothing yet; its factory does."""

    def __init__(
        self,
        redis_url: str = DEFAULT_URL,
        default_ttl: int = jobs.DEFAULT_TTL,
        *,
        strict: bool = False,
        retries: Retries | None = None,
        redis_client: Any = None,
        redis_options: Mapping[str, Any] | None = None,
    ) -> None:
        """As its twin's."""
        client = redis_client or own_client(redis_url, decode_responses=True, **(redis_options or {}))
        self.memory = Memory(client, retries=retries)
        super().__init__(redis_url, default_ttl, client, self.memory.retries, strict=strict)
        self.anonymizer = Anonymizer(self)

    store_pattern = _awaiting(jobs.store_pattern)
    store_team_pattern = _awaiting(jobs.store_team_pattern)
    get_team_patterns = _awaiting(jobs.get_team_patterns)
    retrieve_patterns = _awaiting(jobs.retrieve_patterns)
    track_issue_pattern = _awaiting(jobs.track_issue_pattern)
    get_issue_trends = _awaiting(jobs.get_issue_trends)
    record_fix_outcome = _awaiting(jobs.record_fix_outcome)
    get_fix_success_rates = _awaiting(jobs.get_fix_success_rates)
    record_learning_session = _awaiting(jobs.record_learning_session)
    get_learning_analytics = _awaiting(jobs.get_learning_analytics)
    get_comprehensive_insights = _awaiting(jobs.get_comprehensive_insights)
    get_pattern_evolution = _awaiting(jobs.get_pattern_evolution)
    record_learning_change = _awaiting(jobs.record_learning_change)
    update_confidence = _awaiting(jobs.update_confidence)
    export_patterns = _awaiting(jobs.export_patterns)
    import_patterns = _awaiting(jobs.import_patterns)
    cleanup_old_data = _awaiting(jobs.cleanup_old_data)
    anonymize_data = _awaiting(jobs.anonymize_data)
    health_check = _awaiting(jobs.health_check)


class Anonymizer:
    """The attribute `anonymizer`: what a write would keep, without writing."""

    def __init__(self, agent: RedisPatternMemory) -> None:
        self._agent = agent

    is_sensitive_file = staticmethod(is_sensitive_file)
    anonymize_code_snippet = _of_anonymizer(jobs.anonymize_code_snippet)
    anonymize_pattern_data = _of_anonymizer(jobs.anonymize_data)
    validate_anonymization = _of_anonymizer(jobs.validate_anonymization)


async def create_pattern_memory(
    redis_url: str | None = None,
    redis_only: bool = True,
    *,
    default_ttl: int = jobs.DEFAULT_TTL,
    strict: bool = False,
    retries: Retries | None = None,
    redis_client: Any = None,
    redis_options: Mapping[str, Any] | None = None,
    **ignored: Any,
) -> RedisPatternMemory:
    """As its twin."""
    check_factory_arguments(redis_only=redis_only, ignored=ignored)
    created = RedisPatternMemory(
        redis_url or DEFAULT_URL,
        default_ttl,
        strict=strict,
        retries=retries,
        redis_client=redis_client,
        redis_options=redis_options,
    )
    try:
        await created.memory.drive(jobs.greet(created))
    except BaseException:
        if redis_client is None:
            await created.memory.close()
        raise
    return created
