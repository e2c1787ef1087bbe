"""A whole linter run: 1,171 findings in one ISSUE.MTRACK against as many pipelined calls of a Lua function."""

from __future__ import annotations

import statistics

from . import workload
from .bench import Bench
from .results import Cost, Row, in_us
from .rounds import Ratio, take_turns
from .wire import Command, encode

_FINDINGS = 1_171


def measure(bench: Bench) -> None:
    """Once with the few rules of a linter, once where no two findings are the same."""
    for name, findings in (
        ("150 rules", workload.findings(_FINDINGS, 150)),
        ("all different", workload.issues(_FINDINGS)),
    ):
        _measure(bench, f"ISSUE.MTRACK, {name}", findings)


def _measure(bench: Bench, work: str, findings: list[workload.Issue]) -> None:
    one: Command = ["ISSUE.MTRACK", "scan/module", *(a for finding in findings for a in (*finding, 1))]
    turns = {
        "module": bench.turn([encode(one)]),
        "Lua function": bench.turn([encode(["FCALL", "bench_track", 1, "scan/lua-fn", *f]) for f in findings], of=1),
    }
    measured = take_turns(bench.server, turns, bench.effort.rounds, lambda who: bench.advance(f"{work}: {who}"))
    for who, found in measured.items():
        bench.results.costs.append(Cost(work, who, statistics.median(found.cpu)))
    ours, theirs = measured["module"], measured["Lua function"]
    for what, mine, other in (("time", ours.wall, theirs.wall), ("CPU", ours.cpu, theirs.cpu)):
        bench.results.rows.append(
            Row(
                work=work,
                against=f"1,171 Lua calls, {what}",
                ours=in_us(statistics.median(mine)),
                theirs=in_us(statistics.median(other)),
                value=Ratio.of(mine, other),
                bar=0.15,
            )
        )
