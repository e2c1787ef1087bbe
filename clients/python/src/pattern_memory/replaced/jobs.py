"""What each method of the replaced class does now: one command of the module, as a rule."""

from __future__ import annotations

import functools
import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Protocol, TypeVar

from ..commands import fix, issue, pattern, server, session
from ..errors import AccessDenied, AuthenticationFailed, InvalidArgument, ModuleNotLoaded, PatternMemoryError
from ..names import identifier
from ..steps import Block, every_repo, fulfil, fulfil_all
from . import arguments as given
from . import shapes

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping

    from typing_extensions import Concatenate, ParamSpec

    from ..commands.request import Request
    from ..documents import Evolution, Pattern
    from ..retries import Retries
    from ..steps import Job

    P = ParamSpec("P")

T = TypeVar("T")

DEFAULT_TTL = 7_776_000
_LONGEST_TTL = 315_360_000
_TRENDING = 20
AT_ONCE = 500
"""Commands in one round trip."""


class Agent(Protocol):
    """What a job needs of the object whose method it is."""

    default_ttl: int
    strict: bool
    logger: logging.Logger
    retries: Retries


def _method(
    doing: str, empty: Callable[[], T]
) -> Callable[[Callable[Concatenate[Agent, P], Job[T]]], Callable[Concatenate[Agent, P], Job[T]]]:
    """A method that logs what goes wrong and answers something empty, unless the agent wants to know."""

    def decorate(job: Callable[Concatenate[Agent, P], Job[T]]) -> Callable[Concatenate[Agent, P], Job[T]]:
        @functools.wraps(job)
        def guarded(agent: Agent, /, *arguments: P.args, **options: P.kwargs) -> Job[T]:
            steps = job(agent, *arguments, **options)
            try:
                return (yield from steps)
            except Exception as error:
                if agent.strict:
                    raise
                agent.logger.error("Failed to %s: %s", doing, error)
                return empty()

        return guarded

    return decorate


@_method("store pattern", lambda: False)
def store_pattern(
    agent: Agent, repo_path: str, pattern_type: str, pattern_data: dict[str, Any], confidence: float = 0.0
) -> Job[bool]:
    """Store a pattern, anonymized. Whether it was stored: nothing empty is, nor what has no confidence from 0 to 1."""
    yield from _send(agent, _storing(agent, repo_path, pattern_type, pattern_data, confidence))
    return True


@_method("store pattern", lambda: False)
def store_team_pattern(
    agent: Agent,
    repo_path: str,
    pattern_type: str,
    pattern_name: str,
    pattern_data: dict[str, Any],
    confidence: float = 0.0,
) -> Job[bool]:
    """Store one of several patterns of a type, by its name, which becomes part of the data."""
    if not pattern_data:
        raise InvalidArgument("a pattern must have data")
    name = given.text(pattern_name)
    data = {**pattern_data, "pattern_name": name}
    yield from _send(agent, _storing(agent, repo_path, pattern_type, data, confidence, id=identifier(name)))
    return True


@_method("retrieve team patterns", shapes.no_patterns)
def get_team_patterns(
    agent: Agent, repo_path: str, pattern_type: str | None = None, min_confidence: float = 0.0
) -> Job[list[dict[str, Any]]]:
    """Patterns by confidence and use, both descending."""
    return shapes.team_patterns((yield from _listed(agent, repo_path, pattern_type, min_confidence)))


@_method("retrieve team patterns", shapes.no_patterns)
def retrieve_patterns(agent: Agent, repo_path: str, pattern_type: str | None = None) -> Job[list[dict[str, Any]]]:
    """Patterns, whatever their confidence."""
    return shapes.team_patterns((yield from _listed(agent, repo_path, pattern_type, 0.0)))


@_method("track issue pattern", lambda: False)
def track_issue_pattern(agent: Agent, repo_path: str, issue_type: str, issue_rule: str, severity: str) -> Job[bool]:
    """Count an occurrence of an issue."""
    type, rule, severity = (identifier(given.text(name)) for name in (issue_type, issue_rule, severity))
    yield from _send(agent, issue.track_issue(given.repo(repo_path), type, rule, severity))
    return True


@_method("get issue trends", shapes.no_trends)
def get_issue_trends(agent: Agent, repo_path: str, days_back: int = 30) -> Job[dict[str, Any]]:
    """The issues that trend, 20 of them, and how the occurrences of the last days are spread."""
    request = issue.issue_trends(given.repo(repo_path), days=given.days(days_back), top=_TRENDING)
    return shapes.issue_trends((yield from _send(agent, request)))


@_method("record fix outcome", lambda: False)
def record_fix_outcome(
    agent: Agent,
    repo_path: str,
    issue_type: str,
    fix_type: str,
    success: bool,
    feedback_score: float = 0.0,
    metadata: dict[str, Any] | None = None,
) -> Job[bool]:
    """Record whether a fix worked. A feedback of 0 counts in the average, as it always did."""
    request = fix.record_fix(
        given.repo(repo_path),
        identifier(given.text(issue_type)),
        identifier(given.text(fix_type)),
        bool(success),
        feedback=feedback_score,
        metadata=metadata or None,
    )
    yield from _send(agent, request)
    return True


@_method("get fix success rates", shapes.nothing)
def get_fix_success_rates(agent: Agent, repo_path: str) -> Job[dict[str, Any]]:
    """How every type of fix fares."""
    return shapes.fix_success_rates((yield from _send(agent, fix.fix_rates(given.repo(repo_path)))))


@_method("record learning session", lambda: False)
def record_learning_session(
    agent: Agent,
    repo_path: str,
    session_type: str,
    patterns_learned: int,
    insights_generated: int,
    session_data: dict[str, Any] | None = None,
) -> Job[bool]:
    """Record what a learning session brought."""
    request = session.record_session(
        given.repo(repo_path),
        identifier(given.text(session_type)),
        int(patterns_learned),
        int(insights_generated),
        data=session_data or None,
    )
    yield from _send(agent, request)
    return True


@_method("get learning analytics", shapes.no_analytics)
def get_learning_analytics(agent: Agent, repo_path: str, days_back: int = 30) -> Job[dict[str, Any]]:
    """What the sessions of the last days brought."""
    request = session.session_analytics(given.repo(repo_path), days=given.days(days_back))
    return shapes.learning_analytics((yield from _send(agent, request)))


def get_comprehensive_insights(agent: Agent, repo_path: str) -> Job[dict[str, Any]]:
    """Everything that is known of the repo, and what to do about it; `error` alone where that failed."""
    try:
        insights = yield from _send(agent, pattern.insights(given.repo(repo_path), top=_TRENDING))
        patterns = insights["team_patterns"]
        if len(patterns) == _TRENDING:  # there may be more
            patterns = yield from _listed(agent, repo_path, None, 0.0)
        return shapes.comprehensive_insights(insights, patterns)
    except Exception as error:
        if agent.strict:
            raise
        agent.logger.error("Failed to get comprehensive insights: %s", error)
        return {"error": str(error)}


def get_pattern_evolution(agent: Agent, repo_path: str, pattern_type: str, days_back: int = 30) -> Job[dict[str, Any]]:
    """How a pattern changed in the last days: newest first, with the data before and after as JSON text."""
    type, histories = given.text(pattern_type), []
    try:
        histories = yield from _histories(agent, repo_path, type, given.days(days_back))
    except Exception as error:
        if agent.strict:
            raise
        agent.logger.error("Failed to get pattern evolution: %s", error)
    return shapes.pattern_evolution(type, histories)


@_method("record learning change", lambda: False)
def record_learning_change(
    agent: Agent, repo_path: str, pattern_type: str, before_data: str | None, after_data: str, reason: str
) -> Job[bool]:
    """Make the change that is reported: the pattern has `after_data` from now on, and the history the reason.

    `before_data` is not needed: the history knows what was there. `after_data` must be a JSON object, or is refused.
    """
    data = json.loads(after_data) if isinstance(after_data, (str, bytes)) else after_data
    if not isinstance(data, dict):
        raise InvalidArgument("after_data must be a JSON object")
    yield from _send(agent, _storing(agent, repo_path, pattern_type, data, None, reason=str(reason)))
    return True


@_method("update confidence", lambda: False)
def update_confidence(agent: Agent, repo_path: str, pattern_type: str, new_confidence: float) -> Job[bool]:
    """Set the confidence of the pattern of a type, or, where it has only named ones, of all of these."""
    repo, type, confidence = (
        given.repo(repo_path),
        given.type_name(pattern_type),
        given.confidence(new_confidence),
    )
    if (yield from _send(agent, pattern.set_confidence(repo, type, confidence))) is not None:
        return True
    named = yield from _send(agent, pattern.list_patterns(repo, type))
    changes = [pattern.set_confidence(repo, type, confidence, id=record["id"]) for record in named]
    versions = yield from _send_all(agent, changes)
    if any(version is not None for version in versions):
        return True
    agent.logger.warning("No pattern of that type to update the confidence of")
    return False


@_method("export patterns", lambda: False)
def export_patterns(agent: Agent, repo_path: str, output_file: str | None = None) -> Job[bool]:
    """Write what is known of the repo to a JSON file; without one, only see that it can be read."""
    repo = given.repo(repo_path)
    patterns, trends, rates, analytics = yield from _send_all(
        agent,
        [
            pattern.list_patterns(repo),
            issue.issue_trends(repo, top=_TRENDING),
            fix.fix_rates(repo),
            session.session_analytics(repo),
        ],
    )
    # With the ids, without which several patterns of one type would come back as one.
    with_ids = zip(shapes.team_patterns(patterns), patterns)
    document = {
        "repo_path": given.text(repo_path),
        "exported_at": datetime.now().isoformat(),
        "team_patterns": [{**shaped, "id": record["id"]} for shaped, record in with_ids],
        "issue_trends": shapes.issue_trends(trends),
        "fix_success_rates": shapes.fix_success_rates(rates),
        "learning_analytics": shapes.learning_analytics(analytics),
    }
    if output_file:
        text = json.dumps(document, indent=2)
        yield Block(lambda: Path(output_file).write_text(text, encoding="utf-8"))
    return True


@_method("import patterns", lambda: False)
def import_patterns(agent: Agent, repo_path: str, input_file: str) -> Job[bool]:
    """Store the patterns of a file that `export_patterns` wrote, of this class or of the one that it replaces."""
    document = json.loads((yield Block(lambda: Path(input_file).read_text(encoding="utf-8"))))
    storing = [
        _storing(
            agent,
            repo_path,
            record["pattern_type"],
            record["pattern_data"],
            record.get("confidence", 0.0),
            id=record.get("id"),
        )
        for record in document.get("team_patterns", [])
    ]
    yield from _send_all(agent, storing)
    return True


@_method("cleanup old data", lambda: False)
def cleanup_old_data(agent: Agent, days_to_keep: int = 90) -> Job[bool]:
    """Give everything of every repo that the agent may read a TTL of so many days, as the replaced class did."""
    seconds = int(days_to_keep * 86_400)
    if seconds < 1:
        raise InvalidArgument("days_to_keep must be more than 0")
    names = yield from every_repo(agent.retries)
    yield from _send_all(agent, [pattern.retain(name, min(seconds, _LONGEST_TTL)) for name in names])
    return True


@_method("anonymize data", shapes.nothing)
def anonymize_data(agent: Agent, data: dict[str, Any]) -> Job[dict[str, Any]]:
    """The data as a write would keep it; an empty dictionary where that failed, never what is not anonymized."""
    found = yield from _send(agent, server.anonymize(json.dumps(data), json=True))
    anonymized: dict[str, Any] = json.loads(found["text"])
    return anonymized


@_method("anonymize code", str)
def anonymize_code_snippet(agent: Agent, code: str) -> Job[str]:
    """Code as a write would keep it; an empty text where that failed."""
    if not code:
        return code
    return (yield from _send(agent, server.anonymize(code)))["text"]


@_method("validate anonymization", lambda: False)
def validate_anonymization(agent: Agent, data: dict[str, Any]) -> Job[bool]:
    """Whether there is nothing in the data that a write would redact."""
    found = yield from _send(agent, server.anonymize(json.dumps(data), json=True))
    return not found["redactions"]


def health_check(agent: Agent) -> Job[dict[str, Any]]:
    """Whether the server is there and has the module, and how many patterns it holds in all repos that one may read."""
    try:
        found = yield from _send(agent, server.health())
        names = yield from every_repo(agent.retries)
        # The smallest report that counts patterns: the health of a repo looks for its keys of ten years.
        reports = yield from _send_all(agent, [pattern.insights(name, days=1, top=1) for name in names])
        return shapes.health(found, sum(map(shapes.pattern_count, reports)))
    except PatternMemoryError as error:
        return shapes.no_health(str(error), connected=isinstance(error, (ModuleNotLoaded, AccessDenied)))


def greet(agent: Agent) -> Job[None]:
    """Raises where the server is not there or has no module. Who may not ask for its health may do other things."""
    try:
        yield from _send(agent, server.health())
    except AuthenticationFailed:
        raise
    except AccessDenied:
        pass


def _storing(
    agent: Agent,
    repo_path: str,
    pattern_type: str,
    data: Mapping[str, Any],
    confidence: float | None,
    *,
    id: str | None = None,
    reason: str | None = None,
) -> Request[Any]:
    if not data:
        raise InvalidArgument("a pattern must have data")
    return pattern.store_pattern(
        given.repo(repo_path),
        given.type_name(pattern_type),
        data,
        id=id,
        confidence=None if confidence is None else given.confidence(confidence),
        reason=reason,
        # The server's own setting unless the agent was given another.
        ttl=None if agent.default_ttl == DEFAULT_TTL else int(agent.default_ttl),
    )


def _listed(agent: Agent, repo_path: str, pattern_type: str | None, min_confidence: float) -> Job[list[Pattern]]:
    request = pattern.list_patterns(
        given.repo(repo_path),
        given.type_name(pattern_type) if pattern_type else None,
        min_confidence=min(max(float(min_confidence), 0.0), 1.0) or None,
    )
    patterns = yield from _send(agent, request)
    return [] if min_confidence > 1 else patterns


def _histories(agent: Agent, repo_path: str, pattern_type: str, days: int) -> Job[list[Evolution]]:
    """The history of the pattern of a type, or, where it has only named ones, of all of these."""
    repo, type = given.repo(repo_path), given.type_name(pattern_type)
    history = yield from _send(agent, pattern.evolution(repo, type, days=days))
    if history is not None:
        return [history]
    named = yield from _send(agent, pattern.list_patterns(repo, type))
    histories = yield from _send_all(
        agent, [pattern.evolution(repo, type, id=record["id"], days=days) for record in named]
    )
    return [history for history in histories if history is not None]


def _send(agent: Agent, request: Request[T]) -> Job[T]:
    return (yield from fulfil(request, agent.retries))


def _send_all(agent: Agent, requests: list[Request[Any]]) -> Job[list[Any]]:
    """All of them, in few round trips; then the first error, if any."""
    results: list[Any] = []
    for start in range(0, len(requests), AT_ONCE):
        results += yield from fulfil_all(requests[start : start + AT_ONCE], agent.retries)
    for result in results:
        if isinstance(result, Exception):
            raise result
    return results
