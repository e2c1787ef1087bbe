"""Each read as its repo grows: up to the caps and ten times past them."""

from __future__ import annotations

import statistics
import time

from . import workload
from .bench import Bench
from .insights import fill
from .results import Curve, Row, in_us
from .rounds import Measured, Ratio, Turn, take_turns
from .wire import Command, batches, encode

ISSUES = (10, 100, 1_000, 10_000, 100_000)
PATTERNS = (1, 10, 100, 1_000)
# At 10,000 issues, with a tenth as many fixes and a twentieth as many sessions, all three caps are just met.
_CAPS = 10_000
_FLAT = 1.25

_BY_ISSUES: dict[str, tuple[str | int, ...]] = {
    "ISSUE.TRENDS": ("ISSUE.TRENDS", "{repo}"),
    "ISSUE.TRENDS SEVERITY": ("ISSUE.TRENDS", "{repo}", "SEVERITY", "high"),
    "ISSUE.HISTORY": ("ISSUE.HISTORY", "{repo}", "DAYS", 30),
    "ISSUE.GET": ("ISSUE.GET", "{repo}", "{type}", "{rule}"),
    "FIX.RATES": ("FIX.RATES", "{repo}"),
    "FIX.ADVISE": ("FIX.ADVISE", "{repo}", "{fixed}"),
    "FIX.LIST": ("FIX.LIST", "{repo}", "LIMIT", 0, 20),
    "SESSION.ANALYTICS": ("SESSION.ANALYTICS", "{repo}"),
    "SESSION.LIST": ("SESSION.LIST", "{repo}", "LIMIT", 0, 20),
    "PATTERN.INSIGHTS": ("PATTERN.INSIGHTS", "{repo}"),
}
_BY_PATTERNS: dict[str, tuple[str | int, ...]] = {
    "PATTERN.GET": ("PATTERN.GET", "{repo}", "type-0", "ID", "id-0"),
    "PATTERN.LIST": ("PATTERN.LIST", "{repo}", "LIMIT", 0, 20),
    "PATTERN.LIST TYPE": ("PATTERN.LIST", "{repo}", "TYPE", "type-0", "LIMIT", 0, 20),
    "PATTERN.INSIGHTS": ("PATTERN.INSIGHTS", "{repo}"),
}


def measure_issues(bench: Bench) -> None:
    """By the number of issues, fixes and sessions recorded."""
    for size in ISSUES:
        bench.advance(f"filling a repo with {size:,} issues")
        repo = f"growth/issues-{size}"
        fill(bench, repo, patterns=20, issues=size, fixes=max(1, size // 10), sessions=max(1, size // 20))
        bench.server.execute_command("PATTERN.IMPORT", repo, workload.month_of_counters(repo))
    for read, command in _BY_ISSUES.items():
        measured = _measure(bench, read, command, "growth/issues-", ISSUES)
        points = {size: statistics.median(found.cpu) for size, found in measured.items()}
        bench.results.curves.append(Curve(read, "issues", points, _CAPS))
        past = 10 * _CAPS
        bench.results.rows.append(
            Row(
                work=read,
                against="10 x past / at the caps",
                ours=in_us(points[past]),
                theirs=in_us(points[_CAPS]),
                value=Ratio.of(measured[past].cpu, measured[_CAPS].cpu),
                bar=_FLAT,
            )
        )


def measure_patterns(bench: Bench) -> None:
    """By the number of patterns. Their cap refuses new ones, so there is no growing past it, and no bar."""
    for size in PATTERNS:
        bench.advance(f"filling a repo with {size:,} patterns")
        fill(bench, f"growth/patterns-{size}", patterns=size, issues=100, fixes=50, sessions=20)
    for read, command in _BY_PATTERNS.items():
        measured = _measure(bench, read, command, "growth/patterns-", PATTERNS)
        points = {size: statistics.median(found.cpu) for size, found in measured.items()}
        bench.results.curves.append(Curve(read, "patterns", points))


def _measure(
    bench: Bench, read: str, command: tuple[str | int, ...], prefix: str, sizes: tuple[int, ...]
) -> dict[int, Measured]:
    turns = {str(size): _turn(bench, _command(command, f"{prefix}{size}", size)) for size in sizes}
    measured = take_turns(
        bench.server, turns, bench.effort.read_rounds, lambda size: bench.advance(f"{read}: {int(size):,}")
    )
    return {int(size): found for size, found in measured.items()}


def _command(command: tuple[str | int, ...], repo: str, size: int) -> Command:
    # The newest issue is surely there; an issue type that the very first fix was for, too.
    issue_type, rule, _ = workload.issues(size)[-1]
    fixed = next(workload.fixes(1))[0]
    values = {"repo": repo, "type": issue_type, "rule": rule, "fixed": fixed}
    return [part.format_map(values) if isinstance(part, str) else part for part in command]


def _turn(bench: Bench, command: Command) -> Turn:
    """As many calls as fill the time that a turn takes."""
    call = encode(command)
    started = time.perf_counter()
    bench.wire.run(batches([call] * 10, 10))
    took = (time.perf_counter() - started) / 10
    calls = max(10, min(20_000, round(bench.effort.read_seconds / took)))
    depth = 50 if took < 0.0005 else 10
    prepared = batches([call] * calls, depth)
    return Turn(run=lambda: bench.wire.run(prepared), calls=calls)
