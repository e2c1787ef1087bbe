"""Reads a SARIF log and counts its findings by issue type, rule and severity.

Sections are those of SARIF 2.1.0 (OASIS, March 2020).
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .classify import issue_type_of, severity_of
from .errors import SarifError
from .rules import RuleBook

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What a result of such a kind reports is no finding (3.27.9).
_NO_FINDING = {"pass", "notApplicable", "informational"}
_IDENTIFIER_BYTES = 256

Issue = tuple[str, str, str]


@dataclass
class Report:
    """What one file holds. `counts` is by (issue type, rule, severity)."""

    counts: Counter[Issue] = field(default_factory=Counter)
    tools: list[str] = field(default_factory=list)
    suppressed: int = 0
    """Findings that somebody silenced, and that were left out for it."""
    no_findings: int = 0
    """Results that report no finding: a rule that passed, a finding that is gone."""
    unusable: int = 0
    """Findings whose rule cannot be a name on the server: too long, or with control characters."""
    failed_runs: int = 0
    """Runs that say that the tool did not get to the end of its work."""

    @property
    def findings(self) -> int:
        """How many findings were counted."""
        return sum(self.counts.values())


def read_report(data: bytes, *, with_suppressed: bool = False, issue_type: str | None = None) -> Report:
    """Counts the findings of all runs in a SARIF log.

    `issue_type` is given to all findings; without it the rules and the tool say it. Raises `SarifError`.
    """
    report = Report()
    for place, run in _runs(_parse(data)):
        book = RuleBook(run, place)
        if book.tool not in report.tools:
            report.tools.append(book.tool)
        invocations = _list(run.get("invocations"), f"{place}.invocations")
        if any(isinstance(found, dict) and found.get("executionSuccessful") is False for found in invocations):
            report.failed_runs += 1
        for i, result in enumerate(_list(run.get("results"), f"{place}.results")):
            _count(report, book, _object(result, f"{place}.results[{i}]"), with_suppressed, issue_type)
    return report


def _count(
    report: Report, book: RuleBook, result: Mapping[str, Any], with_suppressed: bool, issue_type: str | None
) -> None:
    if str(result.get("kind")) in _NO_FINDING or result.get("baselineState") == "absent":
        report.no_findings += 1
        return
    if not with_suppressed and _is_suppressed(result):
        report.suppressed += 1
        return
    rule = book.rule_of(result)
    # A result may stand for several occurrences of the same thing (3.27.15).
    occurrences = result.get("occurrenceCount", 1)
    if isinstance(occurrences, bool) or not isinstance(occurrences, int) or occurrences < 1:
        occurrences = 1
    issue = (issue_type or issue_type_of(book.tool, rule), rule.id, severity_of(book.tool, rule, result))
    if all(map(_is_identifier, issue)):
        report.counts[issue] += occurrences
    else:
        report.unusable += occurrences


def _is_suppressed(result: Mapping[str, Any]) -> bool:
    """Silenced, and not waiting for somebody's word or refused it (3.27.23, 3.35.3)."""
    suppressions = result.get("suppressions")
    if not isinstance(suppressions, list) or not suppressions:
        return False
    return all(isinstance(found, dict) and found.get("status", "accepted") == "accepted" for found in suppressions)


def _is_identifier(text: str) -> bool:
    size = len(text.encode("utf-8", "surrogatepass"))
    return 0 < size <= _IDENTIFIER_BYTES and not any(_is_control(character) for character in text)


def _is_control(character: str) -> bool:
    code = ord(character)
    return code < 0x20 or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000


def _parse(data: bytes) -> Mapping[str, Any]:
    try:
        log = json.loads(data)
    except json.JSONDecodeError as error:
        if not data.strip():
            raise SarifError("it is empty") from error
        raise SarifError(f"no JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except UnicodeDecodeError as error:
        raise SarifError(f"no text in UTF-8: byte {error.start}") from error
    except RecursionError as error:
        raise SarifError("nested too deeply") from error
    if not isinstance(log, dict) or "runs" not in log:
        raise SarifError("no SARIF: there is no `runs` at its top level")
    version = log.get("version", "2.1.0")
    if not isinstance(version, str) or not version.startswith("2.1"):
        raise SarifError("version: only SARIF 2.1 is read")
    return log


def _runs(log: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for i, run in enumerate(_list(log["runs"], "runs")):
        place = f"runs[{i}]"
        yield place, _object(run, place)


def _object(value: object, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise SarifError(f"{place}: must be an object")
    return value


def _list(value: object, place: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise SarifError(f"{place}: must be an array")
    return value
