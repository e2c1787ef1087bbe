"""One repo of the replaced class as a document for `PATTERN.IMPORT` (docs/data-model.md, "An export").

Nothing is made up but what the class never kept: of an issue it knew when it was first and last seen and how often, so
its daily counts are spread evenly between the two.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from functools import partial
from typing import TYPE_CHECKING, Any

from .records import Malformed, count, flag, identifier, instant, json_object, number, written
from .source import OldRepo, Skipped, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_EPOCH_ORDINAL = datetime(1970, 1, 1).toordinal()
_KEPT_DAYS = 30
_LONGEST_WINDOW = 3_650

Origin = tuple[str, "str | None"]
"""Where a record came from: its key, and its field or place there."""


@dataclass(frozen=True)
class HalfLives:
    """Settings of the server, in seconds."""

    trend: float = 14 * 86_400.0
    fix: float = 30 * 86_400.0


@dataclass(frozen=True)
class Reading:
    """How old records are read: the half-lives of what is made of them, and the zone of their times (None: local)."""

    half_lives: HalfLives
    zone: tzinfo | None = None


@dataclass
class Built:
    """A document and what could not get into it. `origins` says, for each part, where its elements came from."""

    document: dict[str, Any]
    origins: dict[str, list[Origin]]
    skipped: list[Skipped]

    @property
    def counts(self) -> dict[str, int]:
        """How much is in it."""
        return {part: len(self.document[part]) for part in ("patterns", "issues", "fixes", "sessions")}


@dataclass
class _Parts:
    exported_at: datetime
    reading: Reading
    parts: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    origins: dict[str, list[Origin]] = field(default_factory=lambda: defaultdict(list))
    skipped: list[Skipped] = field(default_factory=list)
    days: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))

    def add(self, part: str, origin: Origin, make: Callable[[], dict[str, Any]]) -> None:
        try:
            self.parts[part].append(make())
        except Malformed as error:
            self.skipped.append(Skipped(*origin, str(error)))
        else:
            self.origins[part].append(origin)

    def count(self, at: datetime, series: str, n: int) -> None:
        if n:
            self.days[at.strftime("%Y-%m-%d")][series] += n


def build(
    old: OldRepo,
    source: Source,
    repo: str,
    now: datetime,
    reading: Reading,
    leave_out: frozenset[str] = frozenset(),
) -> Built:
    """The document of a repo, to be imported under the name `repo`.

    `leave_out` are origins (`key` or `key record`) of records that the server refused.
    """
    parts = _Parts(now, reading, skipped=list(old.skipped))

    def add(part: str, key: str, record: str | None, make: Callable[[], dict[str, Any]]) -> None:
        if origin_name((key, record)) not in leave_out:
            parts.add(part, (key, record), make)

    for pattern_type, fields in old.patterns.items():
        changes = _Changes(source.key("changes", old.name, pattern_type), old.changes.get(pattern_type, []))
        key = source.key("pattern", old.name, pattern_type)
        add("patterns", key, None, partial(_pattern, parts, pattern_type, fields, changes))
    for pattern_type in old.changes.keys() - old.patterns.keys():
        key = source.key("changes", old.name, pattern_type)
        parts.skipped.append(Skipped(key, None, "the pattern that was changed is gone"))
    seen: dict[tuple[str, str], str] = {}
    for member, data in sorted(old.issues.items()):
        name = member.decode("utf-8", "backslashreplace")
        add("issues", source.key("issues", old.name), name, partial(_issue, parts, data, seen))
    outcomes: list[tuple[datetime, dict[str, Any]]] = []
    for i, data in enumerate(old.fixes):
        add("fixes", source.key("fixes", old.name), f"[{i}]", partial(_fix, parts, data, outcomes))
    for i, data in enumerate(old.sessions):
        add("sessions", source.key("sessions", old.name), f"[{i}]", partial(_session, parts, data))
    _count_fixes_and_sessions(parts)
    oldest = sorted(parts.days)[-_LONGEST_WINDOW:]
    document = {
        "format": "pattern-memory",
        "version": 1,
        "repo": repo,
        "exported_at": written(now),
        "patterns": parts.parts["patterns"],
        "issues": parts.parts["issues"],
        "fixes": _newest_first(parts, "fixes", "applied_at"),
        "fix_stats": _fix_stats(outcomes, reading.half_lives.fix),
        "sessions": _newest_first(parts, "sessions", "created_at"),
        "days": {day: dict(parts.days[day]) for day in oldest},
    }
    return Built(document, dict(parts.origins), parts.skipped)


def origin_name(origin: Origin) -> str:
    """One text for an origin."""
    key, record = origin
    return key if record is None else f"{key} {record}"


@dataclass(frozen=True)
class _Changes:
    key: str
    records: list[bytes]


def _pattern(parts: _Parts, pattern_type: str, fields: Mapping[bytes, bytes], changes: _Changes) -> dict[str, Any]:
    try:
        record = {name.decode(): value.decode() for name, value in fields.items()}
    except UnicodeDecodeError as error:
        raise Malformed("it is no UTF-8") from error
    data = json_object(record.get("pattern_data", ""), "pattern_data")
    created = instant(record, parts.reading.zone, "created_at", "updated_at")
    updated = max(created, instant(record, parts.reading.zone, "updated_at", "created_at"))
    confidence = number(record, "confidence", 0, 1, default=0.0)
    history: list[dict[str, Any]] = []
    for i, data_of_change in enumerate(changes.records):
        try:
            history.append(_change(parts, data_of_change))
        except Malformed as error:
            parts.skipped.append(Skipped(changes.key, f"[{i}]", str(error)))
    history.sort(key=lambda change: str(change["at"]), reverse=True)
    for i, change in enumerate(history):
        change["version"] = len(history) - i
    return {
        "pattern": {
            "pattern_type": identifier({"pattern_type": pattern_type}, "pattern_type"),
            "id": "default",
            "pattern_data": data,
            "confidence": confidence,
            "usage_count": count(record, "usage_count", default=0),
            "version": max(1, len(history)),
            "created_at": written(created),
            "updated_at": written(updated),
        },
        "history": history,
    }


def _change(parts: _Parts, data: bytes) -> dict[str, Any]:
    record = json_object(data)
    at = instant(record, parts.reading.zone, "created_at", "timestamp", "changed_at", "updated_at")
    change: dict[str, Any] = {"version": 0, "at": written(at)}
    after = _side(record, "after_data", "after")
    if "before_data" in record or "before" in record:
        change["before"] = _side(record, "before_data", "before")
    if after is not None:
        change["after"] = after
    for name in ("confidence_before", "confidence_after"):
        if record.get(name) is not None:
            change[name] = number(record, name, 0, 1)
    reason = record.get("reason") or record.get("change_reason") or record.get("change_type")
    if isinstance(reason, str):
        change["reason"] = reason
    return change


def _side(record: Mapping[str, Any], *names: str) -> dict[str, Any] | None:
    found = next((record[name] for name in names if record.get(name)), None)
    # Empty data, too, is how the class wrote that there were none.
    return json_object(found, names[0]) or None if found is not None else None


def _issue(parts: _Parts, data: bytes, seen: dict[tuple[str, str], str]) -> dict[str, Any]:
    record = json_object(data)
    issue_type, rule = identifier(record, "issue_type"), identifier(record, "issue_rule")
    severity = identifier(record, "severity")
    frequency = count(record, "frequency", default=1)
    if frequency == 0:
        raise Malformed("frequency is 0")
    created = instant(record, parts.reading.zone, "created_at", "last_seen")
    last = max(created, instant(record, parts.reading.zone, "last_seen", "created_at"))
    # The class wrote a tenth of the frequency.
    score = number(record, "trend_score", 0, 1e12, default=0.1 * frequency) or 0.1 * frequency
    if (issue_type, rule) in seen:
        raise Malformed("another record is of the same issue")
    seen[issue_type, rule] = severity
    daily = _spread(frequency, created, last)
    for day, n in daily.items():
        parts.count(day, f"issue:{_escape(issue_type)}:{_escape(severity)}", n)
    today = last.toordinal() - _EPOCH_ORDINAL
    recent = [0] * _KEPT_DAYS
    for day, n in daily.items():
        age = last.toordinal() - day.toordinal()
        if age < _KEPT_DAYS:
            recent[age] = n
    while recent and recent[-1] == 0:
        recent.pop()
    # The instant at which the decayed count, ten times the score when last seen, falls to one.
    trend = last.timestamp() + parts.reading.half_lives.trend * math.log2(10 * score)
    return {
        "issue_type": issue_type,
        "issue_rule": rule,
        "record": {
            "frequency": frequency,
            "severity": severity,
            "created_at": written(created),
            "last_seen": written(last),
            "trend": max(0.0, trend),
            "day": today,
            "days": recent,
        },
    }


def _spread(frequency: int, created: datetime, last: datetime) -> dict[datetime, int]:
    """Occurrences by day, evenly from the first to the last, with one at least on both."""
    span = min((last.date() - created.date()).days, _LONGEST_WINDOW - 1)
    if span == 0 or frequency == 1:
        return {last: frequency}
    inner = frequency - 2
    daily = {}
    for i in range(span + 1):
        n = inner * (i + 1) // (span + 1) - inner * i // (span + 1) + (i in {0, span})
        if n:
            daily[last - timedelta(days=span - i)] = n
    return daily


def _fix(parts: _Parts, data: bytes, outcomes: list[tuple[datetime, dict[str, Any]]]) -> dict[str, Any]:
    record = json_object(data)
    at = instant(record, parts.reading.zone, "applied_at", "created_at", "timestamp")
    metadata = record.get("metadata")
    feedback = record.get("feedback_score")
    outcome = {
        "issue_type": identifier(record, "issue_type"),
        "fix_type": identifier(record, "fix_type"),
        "success": flag(record, "success"),
        "feedback_score": None if feedback is None else number(record, "feedback_score", -1, 1),
        "metadata": json_object(metadata, "metadata") if metadata else None,
        "id": None,
        "applied_at": written(at),
    }
    outcomes.append((at, outcome))
    return outcome


def _session(parts: _Parts, data: bytes) -> dict[str, Any]:
    record = json_object(data)
    extra = record.get("session_data")
    return {
        "session_type": identifier(record, "session_type"),
        "patterns_learned": count(record, "patterns_learned", default=0),
        "insights_generated": count(record, "insights_generated", default=0),
        "session_data": json_object(extra, "session_data") if extra else None,
        "created_at": written(instant(record, parts.reading.zone, "created_at", "timestamp")),
    }


def _count_fixes_and_sessions(parts: _Parts) -> None:
    for fix in parts.parts["fixes"]:
        series = f"fix:{_escape(fix['fix_type'])}:{'success' if fix['success'] else 'failure'}"
        parts.days[fix["applied_at"][:10]][series] += 1
    for session in parts.parts["sessions"]:
        series = f"session:{_escape(session['session_type'])}"
        counters = parts.days[session["created_at"][:10]]
        counters[f"{series}:count"] += 1
        for measure in ("patterns", "insights"):
            n = session["patterns_learned" if measure == "patterns" else "insights_generated"]
            if n:
                counters[f"{series}:{measure}"] += n


def _newest_first(parts: _Parts, part: str, time: str) -> list[dict[str, Any]]:
    """Sorted by time, the origins with them; the class's own order stays among equals."""
    order = sorted(range(len(parts.parts[part])), key=lambda i: parts.parts[part][i][time], reverse=True)
    parts.origins[part] = [parts.origins[part][i] for i in order]
    return [parts.parts[part][i] for i in order]


def _fix_stats(outcomes: list[tuple[datetime, dict[str, Any]]], half_life: float) -> list[dict[str, Any]]:
    """A row for each pair of issue type and fix type, and one for each fix type over all."""
    rows: dict[tuple[str | None, str], list[tuple[datetime, dict[str, Any]]]] = defaultdict(list)
    for at, outcome in outcomes:
        rows[None, outcome["fix_type"]].append((at, outcome))
        rows[outcome["issue_type"], outcome["fix_type"]].append((at, outcome))
    return [
        {"issue_type": issue_type, "fix_type": fix_type, "stats": _row(tried, half_life)}
        for (issue_type, fix_type), tried in rows.items()
    ]


def _row(tried: list[tuple[datetime, dict[str, Any]]], half_life: float) -> dict[str, Any]:
    last = max(at for at, _ in tried)
    weights = [(2.0 ** (-(last - at).total_seconds() / half_life), outcome["success"]) for at, outcome in tried]
    feedback = [outcome["feedback_score"] for _, outcome in tried if outcome["feedback_score"] is not None]
    return {
        "attempts": len(tried),
        "successes": sum(outcome["success"] for _, outcome in tried),
        "feedback_sum": math.fsum(feedback),
        "feedback_count": len(feedback),
        "recent_attempts": math.fsum(weight for weight, _ in weights),
        "recent_successes": math.fsum(weight for weight, success in weights if success),
        "last_applied_at": written(last),
    }


def _escape(part: str) -> str:
    return part.replace("%", "%25").replace(":", "%3A")
