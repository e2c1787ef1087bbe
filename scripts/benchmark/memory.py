"""The memory of 1,000 small patterns with index and history. Empties the server: it comes first."""

from __future__ import annotations

import json

from . import workload
from .bench import Bench
from .gauges import used_memory
from .replaced_class import ReplacedClass
from .results import Row
from .rounds import Ratio

_PATTERNS = 1_000
_REASON = "seen in a review"


def measure(bench: Bench) -> None:
    """Stored once each, and each changed once more."""
    repo = "bench/memory"
    replaced = ReplacedClass(bench.server, repo)

    def with_module(change: int) -> None:
        bench.do(
            [
                *("PATTERN.STORE", repo, f"convention-{n}", json.dumps(workload.small_pattern(n + change))),
                *("CONFIDENCE", 0.8, "REASON", _REASON),
            ]
            for n in range(_PATTERNS)
        )

    def with_class(change: int) -> None:
        for n in range(_PATTERNS):
            replaced.store_pattern(f"convention-{n}", workload.small_pattern(n + change), 0.8, _REASON)

    found = {}
    for who, store in (("module", with_module), ("client-side class", with_class)):
        bench.advance(f"memory: {who}")
        bench.server.flushall(asynchronous=False)
        before = used_memory(bench.server)
        for changes in (1, 2):
            store(changes)
            found[f"{who}, {changes} change{'s' if changes > 1 else ''} each"] = used_memory(bench.server) - before
    bench.server.flushall(asynchronous=False)
    bench.results.memory = found
    ours, theirs = found["module, 1 change each"], found["client-side class, 1 change each"]
    bench.results.rows.append(
        Row(
            work="memory of 1,000 patterns",
            against="0.8 MB",
            ours=f"{ours / 1e6:.2f} MB",
            theirs=f"{theirs / 1e6:.2f} MB",
            value=Ratio.from_values([ours / 1e6]),
            bar=0.8,
            unit=" MB",
        )
    )
