"""Reading SARIF: samples that ruff and ESLint wrote, and shapes of other tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pattern_memory.sarif import SarifError, read_report

SAMPLES = Path(__file__).parent / "samples"


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def log(*results: dict[str, Any], **run: Any) -> bytes:
    made = {"tool": {"driver": {"name": "t", "rules": []}}, "results": list(results), **run}
    return json.dumps({"version": "2.1.0", "runs": [made]}).encode()


def test_ruffs_findings_are_weighed_by_their_linter() -> None:
    report = read_report(sample("ruff.sarif"))
    assert report.tools == ["ruff"]
    assert dict(report.counts) == {
        ("flake8-bugbear", "B006", "high"): 1,
        ("pycodestyle", "E401", "low"): 1,
        ("pycodestyle", "E711", "low"): 1,
        ("pycodestyle", "E722", "low"): 1,
        ("pyflakes", "F401", "medium"): 2,
        ("pyflakes", "F821", "critical"): 1,
        ("security", "S101", "high"): 1,
        ("security", "S110", "high"): 1,
        ("security", "S602", "high"): 1,
        ("security", "S607", "high"): 1,
    }


def test_eslints_findings_and_what_it_silenced() -> None:
    report = read_report(sample("eslint.sarif"))
    assert dict(report.counts) == {
        ("eslint", "eqeqeq", "high"): 1,
        ("eslint", "no-console", "medium"): 2,
        ("eslint", "no-debugger", "high"): 1,
        ("eslint", "no-undef", "high"): 4,
        ("eslint", "no-unused-vars", "high"): 1,
    }
    # One file did not parse, which ESLint tells apart from its findings.
    assert (report.suppressed, report.failed_runs) == (1, 1)
    assert read_report(sample("eslint.sarif"), with_suppressed=True).counts["eslint", "no-debugger", "high"] == 2


def test_rules_of_extensions_and_severities_of_security() -> None:
    report = read_report(sample("codeql.sarif"))
    assert dict(report.counts) == {
        ("security", "py/sql-injection", "high"): 1,
        ("codeql", "py/unused-import", "low"): 3,
        ("security", "py/hardcoded-credentials", "critical"): 1,
    }
    assert (report.suppressed, report.no_findings) == (1, 1)


def test_several_runs_levels_by_default_and_results_without_a_rule() -> None:
    report = read_report(sample("semgrep.sarif"))
    assert report.tools == ["Semgrep OSS", "clippy"]
    assert dict(report.counts) == {
        ("security", "python.lang.security.audit.subprocess-shell-true.subprocess-shell-true", "high"): 1,
        ("semgrep oss", "python.lang.best-practice.open-never-closed.open-never-closed", "medium"): 1,
        ("clippy", "clippy::needless_return", "medium"): 4,
        ("clippy", "(no rule)", "high"): 1,
    }
    assert (report.suppressed, report.no_findings) == (1, 1)


def test_a_sub_rule_is_one_of_its_rule() -> None:
    rules = {"tool": {"driver": {"name": "t", "rules": [{"id": "CA1", "defaultConfiguration": {"level": "note"}}]}}}
    assert dict(read_report(log({"ruleId": "CA1/2"}, **rules)).counts) == {("t", "CA1", "low"): 1}


def test_a_level_that_only_a_failure_has() -> None:
    counts = read_report(log({"ruleId": "a", "kind": "review"}, {"ruleId": "b"})).counts
    assert dict(counts) == {("t", "a", "info"): 1, ("t", "b", "medium"): 1}


def test_the_type_can_be_given() -> None:
    assert set(read_report(sample("codeql.sarif"), issue_type="scan").counts) == {
        ("scan", "py/sql-injection", "high"),
        ("scan", "py/unused-import", "low"),
        ("scan", "py/hardcoded-credentials", "critical"),
    }


@pytest.mark.parametrize("rule", ["x" * 257, "a\nb", "a\x9bb", "\ud800"])
def test_a_rule_that_is_no_name_is_left_out_and_counted(rule: str) -> None:
    report = read_report(log({"ruleId": rule}, {"ruleId": "fine"}))
    assert (report.findings, report.unusable) == (1, 1)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b'{"runs": [\n{]', "no JSON: Expecting property name enclosed in double quotes at line 2, column 2"),
        (b"\xff\xfe\xff", "no text"),
        (b"[]", "no `runs`"),
        (b"<html>", "no JSON"),
        (b'{"runs": {}}', "runs: must be an array"),
        (b'{"runs": [1]}', "runs[0]: must be an object"),
        (b'{"version": "1.0.0", "runs": []}', "only SARIF 2.1"),
        (b'{"runs": [{"tool": {}}]}', "runs[0].tool.driver.name: must be text"),
        (log(results=7), "runs[0].results: must be an array"),
        (log({"ruleId": "a"}, 7), "runs[0].results[1]: must be an object"),  # type: ignore[arg-type]
        (b"[" * 200_000, "nested too deeply"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(data: bytes, said: str) -> None:
    with pytest.raises(SarifError) as caught:
        read_report(data)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "result",
    [
        {"ruleId": 7, "level": [], "kind": {}, "suppressions": {}, "rule": 3, "ruleIndex": "x", "properties": []},
        {"ruleId": "a", "ruleIndex": -1, "rule": {"index": 10**30, "toolComponent": {"index": 99}}},
        {"ruleId": "a", "ruleIndex": True, "occurrenceCount": -5, "properties": {"security-severity": "high"}},
    ],
)
def test_odd_values_in_a_result_do_not_lose_it(result: dict[str, Any]) -> None:
    assert read_report(log(result)).findings == 1


def test_a_byte_order_mark_and_utf_16_are_read() -> None:
    text = sample("ruff.sarif").decode()
    for encoding in ("utf-8-sig", "utf-16"):
        assert read_report(text.encode(encoding)).findings == 11
