"""`ISSUE.*`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .request import Call, Request, command, document, document_or_none, encoded, integer, options

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..documents import Issue, IssueHistory, IssueTrends

_MOST_ISSUES = 65_536
# What `patternmemory.max-payload` is where nobody changed it.
_MOST_BYTES = 1_048_576


def track_issue(repo: str, type: str, rule: str, severity: str, count: int = 1) -> Request[int]:
    """Count occurrences of an issue; a later severity replaces the earlier. The new frequency."""
    return command("ISSUE.TRACK", repo, type, rule, severity, *options(COUNT=count), read=integer)


def track_issues(
    repo: str, issues: Iterable[tuple[str, str, str, int]], *, most_bytes: int = _MOST_BYTES
) -> Request[list[int]]:
    """Count a whole linter run of (type, rule, severity, count); the new frequencies, in the same order.

    All or nothing, as long as it fits one command: 65,536 issues and `most_bytes`, which must not be more than the
    server's `patternmemory.max-payload`. What is more goes in several.
    """
    calls = tuple(Call("ISSUE.MTRACK", (encoded(repo), *batch)) for batch in _batches(issues, most_bytes))
    return Request(calls, _frequencies)


def get_issue(repo: str, type: str, rule: str) -> Request[Issue | None]:
    """One issue, or None."""
    return command("ISSUE.GET", repo, type, rule, read=document_or_none)


def issue_trends(
    repo: str,
    *,
    days: int | None = None,
    top: int | None = None,
    type: str | None = None,
    severity: str | None = None,
) -> Request[IssueTrends]:
    """The issues that trend, and how occurrences are spread. 30 days and 20 issues where not given."""
    return command("ISSUE.TRENDS", repo, *options(DAYS=days, TOP=top, TYPE=type, SEVERITY=severity), read=document)


def issue_history(
    repo: str, *, days: int | None = None, type: str | None = None, severity: str | None = None
) -> Request[IssueHistory]:
    """Occurrences of each day, days without any included. 30 days where not given."""
    return command("ISSUE.HISTORY", repo, *options(DAYS=days, TYPE=type, SEVERITY=severity), read=document)


def _batches(issues: Iterable[tuple[str, str, str, int]], most_bytes: int) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for type, rule, severity, count in issues:
        group = [encoded(type), encoded(rule), encoded(severity), encoded(count)]
        added = sum(map(len, group))
        if batch and (len(batch) == 4 * _MOST_ISSUES or size + added > most_bytes):
            yield batch
            batch, size = [], 0
        batch += group
        size += added
    if batch:
        yield batch


def _frequencies(replies: Sequence[Any]) -> list[int]:
    return [int(frequency) for reply in replies for frequency in reply]
