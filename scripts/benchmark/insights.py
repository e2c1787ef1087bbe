"""PATTERN.INSIGHTS of a full repo against Lua and cjson over the same records."""

from __future__ import annotations

import json
import statistics
from dataclasses import replace

from . import workload
from .bench import Bench
from .gauges import forget_latencies, latency
from .results import Cost, Row, in_us
from .rounds import Ratio, Turn, take_turns
from .wire import batches, encode

_PATTERNS, _ISSUES, _FIXES, _SESSIONS = 50, 10_000, 1_000, 500


def measure(bench: Bench) -> None:
    """Once with all of it recorded on one day, once with counters on each of the last 30 days."""
    repo = "bench/insights"
    fill(bench, repo, patterns=_PATTERNS, issues=_ISSUES, fixes=_FIXES, sessions=_SESSIONS)
    _measure(bench, repo, "one day")
    bench.server.execute_command("PATTERN.IMPORT", repo, workload.month_of_counters(repo))
    _measure(bench, repo, "30 days")


def fill(bench: Bench, repo: str, patterns: int = 0, issues: int = 0, fixes: int = 0, sessions: int = 0) -> None:
    """Makes a repo of so many records, by the module's own commands."""
    bench.do(
        [
            "PATTERN.STORE",
            repo,
            f"type-{n % 10}",
            json.dumps(workload.small_pattern(n)),
            *("ID", f"id-{n}", "CONFIDENCE", 0.3 + 0.7 * (n % 97) / 97),
        ]
        for n in range(patterns)
    )
    tracked = workload.issues(issues)
    bench.do(
        (
            [
                "ISSUE.MTRACK",
                repo,
                *(a for i, issue in enumerate(tracked[n : n + 1_000]) for a in (*issue, 1 + (i * i) % 13)),
            ]
            for n in range(0, issues, 1_000)
        ),
        depth=1,
    )
    bench.do(["FIX.RECORD", repo, a, b, c, "FEEDBACK", d] for a, b, c, d in workload.fixes(fixes))
    bench.do(["SESSION.RECORD", repo, *session] for session in workload.sessions(sessions))


def _measure(bench: Bench, repo: str, when: str) -> None:
    name = f"PATTERN.INSIGHTS, {when}"
    ours_call, theirs_call = (
        encode(["PATTERN.INSIGHTS", repo]),
        encode(["FCALL_RO", "bench_insights", 1, repo, 30, 20]),
    )
    calls = 100
    prepared = batches([ours_call] * calls, 10)
    latencies: list[dict[str, float]] = []

    def ours() -> None:
        bench.wire.run(prepared)

    turns = {
        "module": Turn(ours, calls, before=lambda: forget_latencies(bench.server)),
        "Lua function": Turn(
            run=lambda: bench.wire.run(theirs_batches),
            calls=1,
            # After the module's turn: what its calls took in the server.
            before=lambda: latencies.append(latency(bench.server, "pattern.insights")),
        ),
    }
    theirs_batches = batches([theirs_call], 1)
    measured = take_turns(bench.server, turns, 2 * bench.effort.rounds, lambda who: bench.advance(f"{name}: {who}"))
    cpu = {who: statistics.median(found.cpu) for who, found in measured.items()}
    # Wall-clock time: what else the machine does can only add to it, so the quietest round tells most.
    p50, p99 = ([found[p] for found in latencies[1:]] for p in ("p50", "p99"))
    bench.results.costs.append(Cost(name, "module", cpu["module"], min(p50), min(p99)))
    bench.results.costs.append(Cost(name, "Lua function", cpu["Lua function"]))
    bench.results.rows += [
        Row(
            work=name,
            against="Lua and cjson, CPU",
            ours=in_us(cpu["module"]),
            theirs=in_us(cpu["Lua function"]),
            value=Ratio.of(measured["module"].cpu, measured["Lua function"].cpu),
            bar=0.05,
        ),
        Row(
            work=name,
            against="p99, quietest round",
            ours=in_us(min(p99)),
            theirs="1 ms",
            value=replace(Ratio.from_values([value / 1_000 for value in p99]), median=min(p99) / 1_000),
            bar=1.0,
        ),
    ]
