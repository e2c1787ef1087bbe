"""The rules of one run, and which of them a result is about.

Linters say it in four ways: by `ruleId` alone (ruff), by `ruleIndex` too (ESLint), by `rule.index` alone, and by
`rule.toolComponent` into the rules of an extension (CodeQL's packs).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .errors import SarifError

if TYPE_CHECKING:
    from collections.abc import Mapping

UNNAMED = "(no rule)"


@dataclass(frozen=True)
class Rule:
    """A rule as its tool describes it; of one that is not described only the id is known."""

    id: str
    level: str | None = None
    """The level of its findings where they do not say one."""
    properties: Mapping[str, Any] = field(default_factory=dict)
    is_security: bool = False


class RuleBook:
    """The rules that the tool of a run, and its extensions, declare."""

    def __init__(self, run: Mapping[str, Any], place: str) -> None:
        tool = run.get("tool")
        driver = tool.get("driver") if isinstance(tool, dict) else None
        if not isinstance(driver, dict) or not isinstance(driver.get("name"), str):
            raise SarifError(f"{place}.tool.driver.name: must be text")
        self.tool: str = driver["name"]
        extensions = tool.get("extensions") if isinstance(tool, dict) else None
        self._driver = _rules(driver)
        self._extensions = [_rules(found) for found in extensions] if isinstance(extensions, list) else []
        self._names = _names(extensions)
        self._by_id: dict[str, Rule] = {}
        for rules in [self._driver, *self._extensions]:
            for rule in rules:
                self._by_id.setdefault(rule.id, rule)

    def rule_of(self, result: Mapping[str, Any]) -> Rule:
        """The rule that a result breaks."""
        reference = result.get("rule")
        reference = reference if isinstance(reference, dict) else {}
        id = _text(result.get("ruleId")) or _text(reference.get("id"))
        index = result.get("ruleIndex", reference.get("index"))
        declared = self._at(reference.get("toolComponent"), index)
        if declared is not None and (id is None or id == declared.id or id.startswith(f"{declared.id}/")):
            return declared
        if id is None:
            return Rule(UNNAMED)
        known = self._by_id.get(id)
        # `CA1000/1` is a finding of the rule `CA1000` (3.52.4).
        parent = id
        while known is None and "/" in parent:
            parent = parent.rpartition("/")[0]
            known = self._by_id.get(parent)
        return known or Rule(id)

    def _at(self, component: object, index: object) -> Rule | None:
        rules = self._driver
        if isinstance(component, dict):
            place = component.get("index")
            if place is None:
                place = self._names.get(component.get("guid"), self._names.get(component.get("name")))
            if isinstance(place, int):
                rules = self._extensions[place] if 0 <= place < len(self._extensions) else []
        if isinstance(index, bool) or not isinstance(index, int):
            return None
        return rules[index] if 0 <= index < len(rules) else None


def _rules(component: object) -> list[Rule]:
    rules = component.get("rules") if isinstance(component, dict) else None
    return [_rule(found) for found in rules] if isinstance(rules, list) else []


def _rule(found: object) -> Rule:
    # Whatever is no rule keeps its place: results count by it.
    found = found if isinstance(found, dict) else {}
    configuration = found.get("defaultConfiguration")
    properties = found.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    return Rule(
        id=_text(found.get("id")) or UNNAMED,
        level=_text(configuration.get("level")) if isinstance(configuration, dict) else None,
        properties=properties,
        is_security=_is_security(found, properties),
    )


def _is_security(rule: Mapping[str, Any], properties: Mapping[str, Any]) -> bool:
    """Whether the rule says so: by a tag, a severity of that kind, or a weakness (CWE) that it relates to."""
    tags = properties.get("tags")
    tags = [tag.lower() for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    if "security-severity" in properties or any(tag == "security" or "cwe" in tag for tag in tags):
        return True
    relationships = rule.get("relationships")
    for found in relationships if isinstance(relationships, list) else []:
        target = found.get("target") if isinstance(found, dict) else None
        component = target.get("toolComponent") if isinstance(target, dict) else None
        if isinstance(component, dict) and str(component.get("name")).upper() in {"CWE", "OWASP"}:
            return True
    return False


def _names(extensions: object) -> dict[object, int]:
    names: dict[object, int] = {}
    for i, found in enumerate(extensions if isinstance(extensions, list) else []):
        if isinstance(found, dict):
            for name in (found.get("guid"), found.get("name")):
                if isinstance(name, str):
                    names[name] = i
    return names


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
