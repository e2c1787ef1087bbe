"""The small writes: the module, a Lua function of the same effects, and the same raw commands in MULTI/EXEC."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from . import workload
from .bench import DEPTH, Bench
from .gauges import AppendOnlyFile, forget_latencies, latency
from .raw_commands import recorded
from .results import Cost, Row, in_us
from .rounds import Ratio, Turn, take_turns
from .wire import Command, batches, encode

# Names of one length: the raw commands are those of the module with the name replaced.
_MODULE, _LUA, _RAW, _ORIGIN = "bench/module", "bench/lua-fn", "bench/rawcmd", "bench/origin"
_METADATA = '{"file":"src/settings/load.py","findings_before":3,"findings_after":0,"still_parses":true}'
_DATA = '{"files":412,"findings":1171,"rules":96,"fixes_tried":220,"seconds":41.5}'


def measure(bench: Bench) -> None:
    """All kinds of small writes."""
    for name in (
        "ISSUE.TRACK",
        "FIX.RECORD",
        "FIX.RECORD + METADATA, ID",
        "SESSION.RECORD",
        "SESSION.RECORD + DATA",
    ):
        _measure(bench, name)


def _measure(bench: Bench, name: str) -> None:
    for repo in (_MODULE, _LUA, _RAW, _ORIGIN):
        bench.server.execute_command("PATTERN.FORGET", repo)
    _fill(bench)
    calls = bench.effort.calls
    command = name.split()[0]
    bench.advance(name)

    # The raw commands: recorded from calls of the module. Its own calls go on from there; the raw ones start
    # from the same state in each turn, so that they find what they found.
    bench.copy_repo(_MODULE, _ORIGIN)
    ids = iter(range(10**9))
    first = [encode(c) for c in islice(_module_calls(name, ids), calls)]
    raw = recorded(bench.server, bench.wire, batches(first, DEPTH), calls, _MODULE, _RAW)
    bench.copy_repo(_MODULE, _LUA)

    rounds = bench.effort.rounds
    module = [[encode(c) for c in islice(_module_calls(name, ids), calls)] for _ in range(rounds + 2)]
    lua = [[encode(c) for c in islice(_lua_calls(name, ids), calls)] for _ in range(rounds + 2)]
    turns = {
        "module": _fresh_each_turn(bench, module[:-1]),
        "Lua function": _fresh_each_turn(bench, lua[:-1]),
        "raw MULTI/EXEC": bench.turn(raw, before=lambda: bench.copy_repo(_ORIGIN, _RAW)),
    }
    forget_latencies(bench.server)
    measured = take_turns(bench.server, turns, rounds, lambda contender: bench.advance(f"{name}: {contender}"))
    latencies = {"module": latency(bench.server, command), "Lua function": latency(bench.server, "fcall")}

    sizes = {}
    with AppendOnlyFile(bench.server) as file:
        for contender, batch in (("module", module[-1]), ("Lua function", lua[-1]), ("raw MULTI/EXEC", raw)):
            if contender == "raw MULTI/EXEC":
                bench.copy_repo(_ORIGIN, _RAW)
            before = file.size()
            bench.wire.run(batches(batch, DEPTH))
            sizes[contender] = (file.size() - before) / calls

    _check_same_effects(bench, name)

    cpu = {contender: sorted(found.cpu)[len(found.cpu) // 2] for contender, found in measured.items()}
    for contender in turns:
        found = latencies.get(contender, {})
        bench.results.costs.append(
            Cost(name, contender, cpu[contender], found.get("p50"), found.get("p99"), aof_bytes=sizes[contender])
        )
    for contender, bar in (("Lua function", 0.5), ("raw MULTI/EXEC", 1.0)):
        bench.results.rows.append(
            Row(
                work=name,
                against=contender,
                ours=in_us(cpu["module"]),
                theirs=in_us(cpu[contender]),
                value=Ratio.of(measured["module"].cpu, measured[contender].cpu),
                bar=bar,
            )
        )


def _check_same_effects(bench: Bench, name: str) -> None:
    """The module and the Lua functions were called alike; what they kept must be the same."""

    def kept(repo: str) -> object:
        issues = bench.json("ISSUE.TRENDS", repo, "TOP", 1_000)
        rates = bench.json("FIX.RATES", repo)
        return (
            {(i["issue_type"], i["issue_rule"]): (i["frequency"], i["severity"]) for i in issues["trending_issues"]},
            issues["issue_distribution"],
            issues["severity_distribution"],
            {n: (r["total_attempts"], r["successful_fixes"], round(r["avg_feedback"], 9)) for n, r in rates.items()},
            bench.json("SESSION.ANALYTICS", repo),
            [bench.server.llen(f"pm:{{{repo}}}:{which}") for which in ("fixes", "sessions")],
        )

    if kept(_MODULE) != kept(_LUA):
        raise RuntimeError(f"{name}: the Lua function keeps something else than the module")


def _fill(bench: Bench) -> None:
    """A repo that has been in use: the lists are at their caps, so that each push also trims."""
    tracked = [argument for issue in workload.issues(500) for argument in (*issue, 1)]
    bench.server.execute_command("ISSUE.MTRACK", _MODULE, *tracked)
    fixes = enumerate(workload.fixes(1_000))
    bench.do(
        ["FIX.RECORD", _MODULE, issue, fix, success, "FEEDBACK", feedback, "METADATA", _METADATA, "ID", f"old-{n}"]
        for n, (issue, fix, success, feedback) in fixes
    )
    bench.do(["SESSION.RECORD", _MODULE, *session, "DATA", _DATA] for session in workload.sessions(500))


def _fresh_each_turn(bench: Bench, rounds: list[list[bytes]]) -> Turn:
    """A contender that sends other calls in each round, so that no idempotency key comes twice."""
    prepared = iter([batches(calls, DEPTH) for calls in rounds])
    return Turn(run=lambda: bench.wire.run(next(prepared)), calls=len(rounds[0]))


def _module_calls(name: str, ids: Iterator[int]) -> Iterator[Command]:
    for arguments in _arguments(name, ids):
        command = name.split()[0]
        if command == "ISSUE.TRACK":
            yield [command, _MODULE, *arguments]
        elif command == "FIX.RECORD":
            issue, fix, success, feedback, metadata, key = arguments
            rest = ["METADATA", metadata, "ID", key] if metadata else []
            yield [command, _MODULE, issue, fix, success, "FEEDBACK", feedback, *rest]
        else:
            *session, data = arguments
            yield [command, _MODULE, *session, *(["DATA", data] if data else [])]


def _lua_calls(name: str, ids: Iterator[int]) -> Iterator[Command]:
    function = {"ISSUE.TRACK": "bench_track", "FIX.RECORD": "bench_fix"}.get(name.split()[0], "bench_session")
    for arguments in _arguments(name, ids):
        yield ["FCALL", function, 1, _LUA, *arguments]


def _arguments(name: str, ids: Iterator[int]) -> Iterator[tuple[str | int | float, ...]]:
    """What is recorded, without end; an argument that is not given is ''."""
    full = "+" in name
    while True:
        if name == "ISSUE.TRACK":
            yield from workload.findings(997, 500)
        elif name.startswith("FIX"):
            for fix in workload.fixes(997):
                yield (*fix, *((_METADATA, f"key-{next(ids)}") if full else ("", "")))
        else:
            for session in workload.sessions(997):
                yield (*session, _DATA if full else "")
