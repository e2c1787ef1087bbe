"""PATTERN.STORE of a snippet of 1 kB against the client-side class, both over redis-py, one client."""

from __future__ import annotations

import json
import statistics

import redis

from . import workload
from .bench import Bench
from .gauges import AppendOnlyFile, forget_latencies, latency
from .replaced_class import ReplacedClass
from .results import Cost, Row
from .rounds import Ratio, Turn, take_turns
from .wire import batches, encode

_REPO, _TYPES, _REASON = "bench/storing", 40, "seen again in a review"


def measure(bench: Bench) -> None:
    """Operations a second, CPU and bytes of the append-only file."""
    # Read and written as in the wild: as text, and with the client's own connection.
    pool = bench.server.connection_pool.connection_kwargs
    client = redis.Redis(host=pool["host"], port=pool["port"], decode_responses=True)
    replaced = ReplacedClass(client, _REPO)
    calls = bench.effort.calls // 4
    snippets = [workload.snippet(number % (_TYPES * 3)) for number in range(calls)]

    def with_module() -> None:
        for number, data in enumerate(snippets):
            client.execute_command(
                "PATTERN.STORE",
                _REPO,
                f"type-{number % _TYPES}",
                json.dumps(data),
                "CONFIDENCE",
                0.8,
                "REASON",
                _REASON,
            )

    def with_class() -> None:
        for number, data in enumerate(snippets):
            replaced.store_pattern(f"type-{number % _TYPES}", data, 0.8, _REASON)

    def with_set() -> None:
        for number, data in enumerate(snippets):
            client.set(f"bench/floor:{number % _TYPES}", json.dumps(data))

    encoded = [
        encode(["PATTERN.STORE", _REPO, f"type-{n % _TYPES}", json.dumps(data), "CONFIDENCE", 0.8, "REASON", _REASON])
        for n, data in enumerate(snippets)
    ]
    one_at_a_time = batches(encoded, 1)
    sets = [encode(["SET", f"bench/floor:{n % _TYPES}", json.dumps(data)]) for n, data in enumerate(snippets)]
    sets_one_at_a_time = batches(sets, 1)
    turns = {
        "module": Turn(with_module, calls),
        "client-side class": Turn(with_class, calls),
        "plain SET, redis-py": Turn(with_set, calls),
        "module, bare socket": Turn(lambda: bench.wire.run(one_at_a_time), calls),
        "plain SET, bare socket": Turn(lambda: bench.wire.run(sets_one_at_a_time), calls),
        "module, pipelined": bench.turn(encoded),
    }
    name = "PATTERN.STORE 1 kB"
    forget_latencies(bench.server)
    measured = take_turns(bench.server, turns, bench.effort.rounds, lambda who: bench.advance(f"{name}: {who}"))
    found = latency(bench.server, "pattern.store")
    sizes = {}
    with AppendOnlyFile(bench.server) as file:
        for contender in ("module", "client-side class"):
            before = file.size()
            turns[contender].run()
            sizes[contender] = (file.size() - before) / calls
    client.close()

    rates = {who: [1e6 / wall for wall in m.wall] for who, m in measured.items()}
    for who, m in measured.items():
        latencies = found if who == "module" else {}
        bench.results.costs.append(
            Cost(
                name,
                who,
                statistics.median(m.cpu),
                latencies.get("p50"),
                latencies.get("p99"),
                statistics.median(rates[who]),
                sizes.get(who),
            )
        )
    # No command is faster than that SET, which over redis-py is no 8 x the class either: so the module is also held
    # against the class through a client that costs little.
    theirs = rates["client-side class"]
    for contender, how in (("module", "both by redis-py"), ("module, bare socket", "module by socket")):
        ours = rates[contender]
        bench.results.rows.append(
            Row(
                work=name,
                against=f"class, {how}",
                ours=f"{statistics.median(ours):,.0f}/s",
                theirs=f"{statistics.median(theirs):,.0f}/s",
                value=Ratio.of(ours, theirs),
                bar=8.0,
                at_least=True,
            )
        )
