"""What the linter finds, and how each finding is classed for the memory."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .codebase import CodeBase

# Broad, but what a reviewer would raise: not what a formatter settles (quotes, commas, long lines).
SELECTED_RULES = "A,ARG,ASYNC,B,BLE,C4,C90,DTZ,E,ERA,F,FLY,FURB,G,I,ISC,LOG,N,PERF,PIE,PL,PTH,RET,RUF,S,SIM,TRY,UP,W"
IGNORED_RULES = "E501"


@dataclass(frozen=True)
class Finding:
    """One finding. `applicability` is `safe` or `unsafe` where ruff offers a fix, else None."""

    rule: str
    path: str
    line: int
    applicability: str | None


@dataclass(frozen=True)
class Family:
    """A linter's rules: the issue type they are stored under, and their usual severity."""

    issue_type: str
    severity: str


# By the letters a rule's code starts with.
_FAMILIES = {
    "A": Family("shadowing", "medium"),
    "ARG": Family("unused-arguments", "low"),
    "ASYNC": Family("async", "high"),
    "B": Family("bugbear", "high"),
    "BLE": Family("exceptions", "high"),
    "C": Family("comprehensions", "low"),  # C4; C90 is below
    "DTZ": Family("datetime", "medium"),
    "E": Family("style", "low"),
    "ERA": Family("dead-code", "low"),
    "F": Family("pyflakes", "medium"),
    "FLY": Family("modernize", "low"),
    "FURB": Family("modernize", "low"),
    "G": Family("logging", "low"),
    "I": Family("imports", "low"),
    "ISC": Family("strings", "low"),
    "LOG": Family("logging", "medium"),
    "N": Family("naming", "low"),
    "PERF": Family("performance", "medium"),
    "PIE": Family("simplify", "low"),
    "PLC": Family("pylint-convention", "low"),
    "PLE": Family("pylint-error", "critical"),
    "PLR": Family("complexity", "medium"),
    "PLW": Family("pylint-warning", "medium"),
    "PTH": Family("pathlib", "low"),
    "RET": Family("simplify", "low"),
    "RUF": Family("ruff", "medium"),
    "S": Family("security", "high"),
    "SIM": Family("simplify", "low"),
    "TRY": Family("exceptions", "medium"),
    "UP": Family("modernize", "low"),
    "W": Family("style", "low"),
}

# Single rules that weigh more, or less, than their family: a syntax error, a name that does not exist,
# a bare except, an assert.
_EXCEPTIONS = {
    "C901": Family("complexity", "medium"),
    "E711": Family("style", "medium"),
    "E722": Family("exceptions", "high"),
    "E741": Family("naming", "low"),
    "F821": Family("pyflakes", "critical"),
    "F822": Family("pyflakes", "critical"),
    "F823": Family("pyflakes", "critical"),
    "S101": Family("security", "low"),
    "S307": Family("security", "critical"),
    "S602": Family("security", "critical"),
}

_SYNTAX_ERROR = Family("syntax", "critical")


def family_of(rule: str) -> Family:
    """How a rule is classed; one of a family unknown here is of type `other`."""
    if rule in _EXCEPTIONS:
        return _EXCEPTIONS[rule]
    letters = re.match(r"[A-Z]*", rule)[0]
    if not letters or rule.startswith("E9"):
        return _SYNTAX_ERROR
    return _FAMILIES.get(letters, Family("other", "medium"))


def lint(ruff: Path, code: CodeBase) -> list[Finding]:
    """All findings over the code base, by the selected rules and no project's own configuration."""
    command = [str(ruff), "check", "--isolated", "--no-cache", "--exit-zero", "--output-format=json"]
    command += [
        f"--select={SELECTED_RULES}",
        f"--ignore={IGNORED_RULES}",
        f"--extend-exclude={','.join(code.excludes)}",
    ]
    ran = subprocess.run([*command, str(code.root)], capture_output=True, check=True)
    return parse(ran.stdout)


def parse(output: bytes) -> list[Finding]:
    """The findings in ruff's JSON."""
    return [
        Finding(
            rule=found.get("code") or "invalid-syntax",
            path=found["filename"],
            line=found["location"]["row"],
            applicability=(found.get("fix") or {}).get("applicability"),
        )
        for found in json.loads(output)
    ]


def count_issues(findings: Iterable[Finding]) -> Counter[tuple[str, str, str]]:
    """How often each (type, rule, severity) was found: what `ISSUE.MTRACK` takes."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for finding in findings:
        family = family_of(finding.rule)
        counts[family.issue_type, finding.rule, family.severity] += 1
    return counts
