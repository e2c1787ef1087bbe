"""`RedisPatternMemory` and its factory, for agents that block."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from redis import Redis

from ..memory import DEFAULT_URL, Memory
from . import jobs
from .anonymizer import is_sensitive_file
from .attributes import Attributes, check_factory_arguments

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Concatenate, ParamSpec

    from ..retries import Retries
    from ..steps import Job

    P = ParamSpec("P")

__all__ = ["RedisPatternMemory", "create_pattern_memory"]

T = TypeVar("T")


def _blocking(job: Callable[Concatenate[jobs.Agent, P], Job[T]]) -> Callable[Concatenate[RedisPatternMemory, P], T]:
    @functools.wraps(job)
    def method(self: RedisPatternMemory, /, *arguments: P.args, **options: P.kwargs) -> T:
        return self.memory.drive(job(self, *arguments, **options))

    return method


def _of_anonymizer(job: Callable[Concatenate[jobs.Agent, P], Job[T]]) -> Callable[Concatenate[Anonymizer, P], T]:
    @functools.wraps(job)
    def method(self: Anonymizer, /, *arguments: P.args, **options: P.kwargs) -> T:
        return self._agent.memory.drive(job(self._agent, *arguments, **options))

    return method


class RedisPatternMemory(Attributes):
    """The class that agents used before there was a module: the same methods, arguments, defaults and answers.

    Methods answer False or something empty where they fail, and log why; with `strict` they raise. Creating it raises
    in any case where the server cannot be reached or has no module.
    """

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
        """Connect. `redis_client` is used instead of `redis_url` where given, that of a cluster too.

        `default_ttl` other than the 90 days is given to each pattern; for all else the server's own setting holds.
        """
        client = redis_client or Redis.from_url(redis_url, decode_responses=True, **(redis_options or {}))
        self.memory = Memory(client, retries=retries)
        super().__init__(redis_url, default_ttl, client, self.memory.retries, strict=strict)
        self.anonymizer = Anonymizer(self)
        try:
            self.memory.drive(jobs.greet(self))
        except BaseException:
            if redis_client is None:
                self.memory.close()
            raise

    store_pattern = _blocking(jobs.store_pattern)
    store_team_pattern = _blocking(jobs.store_team_pattern)
    get_team_patterns = _blocking(jobs.get_team_patterns)
    retrieve_patterns = _blocking(jobs.retrieve_patterns)
    track_issue_pattern = _blocking(jobs.track_issue_pattern)
    get_issue_trends = _blocking(jobs.get_issue_trends)
    record_fix_outcome = _blocking(jobs.record_fix_outcome)
    get_fix_success_rates = _blocking(jobs.get_fix_success_rates)
    record_learning_session = _blocking(jobs.record_learning_session)
    get_learning_analytics = _blocking(jobs.get_learning_analytics)
    get_comprehensive_insights = _blocking(jobs.get_comprehensive_insights)
    get_pattern_evolution = _blocking(jobs.get_pattern_evolution)
    record_learning_change = _blocking(jobs.record_learning_change)
    update_confidence = _blocking(jobs.update_confidence)
    export_patterns = _blocking(jobs.export_patterns)
    import_patterns = _blocking(jobs.import_patterns)
    cleanup_old_data = _blocking(jobs.cleanup_old_data)
    anonymize_data = _blocking(jobs.anonymize_data)
    health_check = _blocking(jobs.health_check)


class Anonymizer:
    """The attribute `anonymizer`: what a write would keep, without writing."""

    def __init__(self, agent: RedisPatternMemory) -> None:
        self._agent = agent

    is_sensitive_file = staticmethod(is_sensitive_file)
    anonymize_code_snippet = _of_anonymizer(jobs.anonymize_code_snippet)
    anonymize_pattern_data = _of_anonymizer(jobs.anonymize_data)
    validate_anonymization = _of_anonymizer(jobs.validate_anonymization)


def create_pattern_memory(
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
    """A `RedisPatternMemory`. Arguments that were ignored before still are, and there is still nothing but Redis."""
    check_factory_arguments(redis_only=redis_only, ignored=ignored)
    return RedisPatternMemory(
        redis_url or DEFAULT_URL,
        default_ttl,
        strict=strict,
        retries=retries,
        redis_client=redis_client,
        redis_options=redis_options,
    )
