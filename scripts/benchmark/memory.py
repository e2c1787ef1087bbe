"""The memory of 1,000 small patterns with index and history. Empties the server: it comes first."""

from __future__ import annotations

import json
from collections.abc import Callable

from . import workload
from .bench import Bench
from .gauges import used_memory
from .replaced_class import ReplacedClass
from .results import Row
from .rounds import Ratio

_Data = Callable[[int], dict[str, object]]

_REPO = "bench/memory"
_PATTERNS = 1_000
_REASON = "seen in a review"


def measure(bench: Bench) -> None:
    """Stored once each, and changed once more each; of about 100 bytes, and so small that a hash stays compact."""
    found = {}
    for kind, data in (("", workload.small_pattern), (" of 30 bytes", workload.tiny_pattern)):
        for who, store in (("module", _with_module), ("client-side class", _with_class)):
            bench.advance(f"memory: {who}")
            bench.server.flushall(asynchronous=False)
            before = used_memory(bench.server)
            for changes in (1, 2):
                store(bench, data, changes)
                name = f"{who}{kind}, {changes} change{'s' if changes > 1 else ''} each"
                found[name] = used_memory(bench.server) - before
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


def _with_module(bench: Bench, data: _Data, change: int) -> None:
    bench.do(
        [
            *("PATTERN.STORE", _REPO, f"convention-{n}", json.dumps(data(n + change))),
            *("CONFIDENCE", 0.8, "REASON", _REASON),
        ]
        for n in range(_PATTERNS)
    )


def _with_class(bench: Bench, data: _Data, change: int) -> None:
    replaced = ReplacedClass(bench.server, _REPO)
    for n in range(_PATTERNS):
        replaced.store_pattern(f"convention-{n}", data(n + change), 0.8, _REASON)
