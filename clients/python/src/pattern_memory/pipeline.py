"""Many requests in one round trip: what both worlds share of it, which is all but the sending."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .commands import fix, issue, pattern, server, session
from .errors import PatternMemoryError
from .steps import fulfil_all
from .surface import queued, repo_queued

if TYPE_CHECKING:
    from .commands.request import Request
    from .retries import Retries
    from .steps import Job

__all__ = ["Queue", "Queued", "QueuedRepo"]

T = TypeVar("T")


class Queued(Generic[T]):
    """What a queued method will have answered once its pipeline has been executed."""

    __slots__ = ("_outcome", "request")

    def __init__(self, request: Request[T]) -> None:
        self.request = request
        self._outcome: list[Any] = []

    @property
    def result(self) -> T:
        """The answer. Raises what went wrong, or that the pipeline has not been executed."""
        if not self._outcome:
            raise PatternMemoryError("The pipeline has not been executed: call execute() first.")
        outcome: T | Exception = self._outcome[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def settle(self, outcome: T | Exception) -> None:
        """Set what became of it."""
        self._outcome = [outcome]


class Queue:
    """A pipeline but for `execute`."""

    def __init__(self, retries: Retries, *, transaction: bool) -> None:
        self._retries, self._transaction = retries, transaction
        self._queued: list[Queued[Any]] = []

    def __len__(self) -> int:
        return len(self._queued)

    def repo(self, name: str) -> QueuedRepo:
        """A repo, whose methods are queued."""
        return QueuedRepo(self, name)

    def _run(self, request: Request[T]) -> Queued[T]:
        waiting = Queued(request)
        self._queued.append(waiting)
        return waiting

    anonymize = queued(server.anonymize)
    rules = queued(server.rules)
    health = queued(server.health)

    def reset(self) -> None:
        """Forget what is queued."""
        self._queued = []

    def _job(self, raise_on_error: bool) -> Job[list[Any]]:
        batch, self._queued = self._queued, []
        try:
            outcomes = yield from fulfil_all(
                [waiting.request for waiting in batch], self._retries, transaction=self._transaction
            )
        except PatternMemoryError as error:
            for waiting in batch:
                waiting.settle(error)
            raise
        for waiting, outcome in zip(batch, outcomes):
            waiting.settle(outcome)
        if raise_on_error:
            for outcome in outcomes:
                if isinstance(outcome, Exception):
                    raise outcome
        return outcomes


class QueuedRepo:
    """A repo in a pipeline: the methods of `Repo`, each of which answers a `Queued`."""

    __slots__ = ("_queue", "name")

    def __init__(self, queue: Queue, name: str) -> None:
        self._queue, self.name = queue, name

    def _run(self, request: Request[T]) -> Queued[T]:
        return self._queue._run(request)

    store_pattern = repo_queued(pattern.store_pattern)
    get_pattern = repo_queued(pattern.get_pattern)
    list_patterns = repo_queued(pattern.list_patterns)
    set_confidence = repo_queued(pattern.set_confidence)
    evolution = repo_queued(pattern.evolution)
    delete_pattern = repo_queued(pattern.delete_pattern)
    insights = repo_queued(pattern.insights)
    export = repo_queued(pattern.export)
    export_json = repo_queued(pattern.export_json)
    import_ = repo_queued(pattern.import_)
    retain = repo_queued(pattern.retain)
    forget = repo_queued(pattern.forget)
    health = repo_queued(server.repo_health)
    track_issue = repo_queued(issue.track_issue)
    track_issues = repo_queued(issue.track_issues)
    get_issue = repo_queued(issue.get_issue)
    issue_trends = repo_queued(issue.issue_trends)
    issue_history = repo_queued(issue.issue_history)
    record_fix = repo_queued(fix.record_fix)
    fix_rates = repo_queued(fix.fix_rates)
    advise = repo_queued(fix.advise)
    list_fixes = repo_queued(fix.list_fixes)
    record_session = repo_queued(session.record_session)
    session_analytics = repo_queued(session.session_analytics)
    list_sessions = repo_queued(session.list_sessions)
