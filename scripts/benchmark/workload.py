"""What is counted, fixed and learned in a measurement: the same for all contenders, and the same in each run."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

ISSUE_TYPES = (
    "style", "security", "performance", "typing", "imports", "naming", "complexity", "docs", "tests", "correctness"
)  # fmt: skip
SEVERITIES = ("low", "medium", "high", "critical")
FIX_TYPES = tuple(
    f"{verb}_{what}"
    for verb in ("add", "remove", "rename", "rewrite")
    for what in ("name", "import", "call", "type", "test")
)
SESSION_TYPES = ("lint_run", "code_review", "retrospective", "onboarding", "incident")

Issue = tuple[str, str, str]


def issues(count: int) -> list[Issue]:
    """Different issues: type, rule, severity."""
    return [
        (ISSUE_TYPES[n % len(ISSUE_TYPES)], f"rule-{n:06}", SEVERITIES[(n // 7) % len(SEVERITIES)])
        for n in range(count)
    ]


def findings(count: int, rules: int) -> list[Issue]:
    """What a linter reports: few rules often, most of them seldom."""
    chance = random.Random(7)
    known = issues(rules)
    return [known[min(int(chance.expovariate(6 / rules)), rules - 1)] for _ in range(count)]


def fixes(count: int) -> Iterator[tuple[str, str, int, float]]:
    """Outcomes: issue type, fix type, success, feedback."""
    chance = random.Random(11)
    for _ in range(count):
        success = int(chance.random() < 0.8)
        yield chance.choice(ISSUE_TYPES), chance.choice(FIX_TYPES), success, round(success - 0.5 * chance.random(), 2)


def sessions(count: int) -> Iterator[tuple[str, int, int]]:
    """Sessions: type, patterns learned, insights generated."""
    chance = random.Random(13)
    for _ in range(count):
        yield chance.choice(SESSION_TYPES), chance.randrange(20), chance.randrange(9)


def small_pattern(number: int) -> dict[str, object]:
    """A convention: what an agent stores most."""
    return {"about": "function names", "style": "snake_case", "examples": ["get_user", f"load_item_{number}"]}


def tiny_pattern(number: int) -> dict[str, object]:
    """As little as one can store."""
    return {"style": "snake_case", "n": number}


def snippet(number: int, size: int = 1_000) -> dict[str, object]:
    """A code snippet with what belongs to it, of about `size` bytes of JSON."""
    lines = [
        "def load_settings(path: Path, defaults: Mapping[str, str]) -> Settings:",
        f'    """Reads the settings of part {number}, and fills in what is missing."""',
        "    found = dict(defaults)",
        "    for line in path.read_text().splitlines():",
        '        name, _, value = line.partition("=")',
        "        if name.strip() and not name.startswith('#'):",
        "            found[name.strip()] = value.strip()",
        "    return Settings(**found)",
    ]
    data: dict[str, object] = {"language": "python", "shape": "loader", "file": f"src/part_{number}/settings.py"}
    text = "\n".join(lines)
    while len(json.dumps({**data, "snippet": text})) < size:
        text += f"\n# checked by the reviewer in round {len(text) % 97}"
    return {**data, "snippet": text[: len(text) - max(0, len(json.dumps({**data, "snippet": text})) - size)]}


def month_of_counters(repo: str) -> str:
    """A document for PATTERN.IMPORT that gives each of the 29 days before today all the daily counters."""
    chance = random.Random(17)
    today = datetime.now(timezone.utc).date()
    days = {}
    for back in range(1, 30):
        counters = {f"issue:{t}:{s}": chance.randrange(1, 200) for t in ISSUE_TYPES for s in SEVERITIES}
        counters |= {f"fix:{f}:{o}": chance.randrange(1, 9) for f in FIX_TYPES for o in ("success", "failure")}
        counters |= {f"session:{t}:{m}": 3 for t in SESSION_TYPES for m in ("count", "patterns", "insights")}
        days[str(today - timedelta(days=back))] = counters
    empty: dict[str, object] = {name: [] for name in ("patterns", "issues", "fixes", "fix_stats", "sessions")}
    head = {
        "format": "pattern-memory",
        "version": 1,
        "repo": repo,
        "exported_at": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }
    return json.dumps({**head, **empty, "days": days})
