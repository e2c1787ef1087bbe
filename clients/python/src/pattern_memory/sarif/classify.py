"""How a finding is called and weighed in the memory: its issue type and its severity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .rules import Rule

_BY_LEVEL = {"error": "high", "warning": "medium", "note": "low", "none": "info"}

# ruff writes the level `error` for whatever it finds, so there its rules' linters say how much a finding weighs.
_RUFF_LINTERS = {
    "flake8-bandit": "high",
    "flake8-blind-except": "high",
    "flake8-bugbear": "high",
    "flake8-async": "high",
    "pyflakes": "medium",
    "flake8-comprehensions": "low",
    "flake8-commas": "low",
    "flake8-quotes": "low",
    "flake8-simplify": "low",
    "flake8-return": "low",
    "flake8-unused-arguments": "low",
    "flake8-use-pathlib": "low",
    "eradicate": "low",
    "isort": "low",
    "pep8-naming": "low",
    "pycodestyle": "low",
    "pydocstyle": "low",
    "pyupgrade": "low",
    "refurb": "low",
}
# Code that does not run, whatever its linter.
_RUFF_CRITICAL = {"invalid-syntax", "E902", "E999", "F821", "F822", "F823"}


def issue_type_of(tool: str, rule: Rule) -> str:
    """`security` for what is; else the category or linter that the rule names, else the tool."""
    kind = _text(rule.properties.get("kind")) if tool.lower() == "ruff" else None
    if rule.is_security or kind == "flake8-bandit":
        return "security"
    return (_text(rule.properties.get("category")) or kind or tool).lower()


def severity_of(tool: str, rule: Rule, result: Mapping[str, Any]) -> str:
    """`critical`, `high`, `medium`, `low` or `info`."""
    score = _security_score(result.get("properties")) or _security_score(rule.properties)
    if score is not None:
        # The bands of CVSS 3.1, as GitHub reads the property.
        return "critical" if score >= 9 else "high" if score >= 7 else "medium" if score >= 4 else "low"
    if tool.lower() == "ruff":
        if rule.id in _RUFF_CRITICAL:
            return "critical"
        return _RUFF_LINTERS.get(str(rule.properties.get("kind")).lower(), "medium")
    level = result.get("level")
    if level is None:
        # Only a failure has a level of its own accord (3.27.10).
        level = (rule.level or "warning") if result.get("kind", "fail") == "fail" else "none"
    return _BY_LEVEL.get(level, "medium") if isinstance(level, str) else "medium"


def _security_score(properties: object) -> float | None:
    if not isinstance(properties, dict):
        return None
    try:
        score = float(properties.get("security-severity", ""))
    except (TypeError, ValueError):
        return None
    return score if 0 < score <= 10 else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
