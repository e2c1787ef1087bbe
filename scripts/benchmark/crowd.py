"""PING of one client while eight others store 1 MiB each, again and again: by the module, and by a plain SET."""

from __future__ import annotations

import json
import multiprocessing
import statistics
import time
from itertools import cycle
from multiprocessing.synchronize import Event

from .bench import Bench
from .results import Row, in_us
from .rounds import Ratio, Turn, take_turns
from .wire import Wire, batches, encode

_WRITERS = 8
_BYTES = 1 << 20
_LINE = "let total = subtotal + shipping; // what a line of code looks like\n"


def measure(bench: Bench) -> None:
    """The 99th percentile of a PING, in milliseconds."""
    seconds = 1.0 if bench.effort.rounds < 10 else 3.0
    payload, other = (json.dumps({"code": _LINE * (_BYTES * 9 // 10 // len(_LINE)), "n": n}) for n in (0, 1))
    with_module = [encode(["PATTERN.STORE", f"bench/crowd-{n}", "snippet", payload]) for n in range(_WRITERS)]
    with_set = [encode(["SET", f"bench/crowd-{n}", payload]) for n in range(_WRITERS)]
    changing = [
        batches((encode(["PATTERN.STORE", f"bench/change-{n}", "snippet", data]) for n in range(_WRITERS)), 1)
        for data in (payload, other)
    ]
    _main_thread(bench, with_module, changing, with_set)
    rounds = max(3, bench.effort.rounds // 4)
    ours, theirs = [], []
    for _ in range(rounds):
        bench.advance("PING beside writers: module")
        ours.append(_beside(bench, with_module, seconds))
        bench.advance("PING beside writers: plain SET")
        theirs.append(_beside(bench, with_set, seconds))
    bench.server.delete(*(f"bench/crowd-{n}" for n in range(_WRITERS)))
    for n in range(_WRITERS):
        bench.server.execute_command("PATTERN.FORGET", f"bench/crowd-{n}")
        bench.server.execute_command("PATTERN.FORGET", f"bench/change-{n}")
    bench.results.rows.append(
        Row(
            work="PING beside 8 x 1 MiB stores",
            against="p99, quietest round",
            ours=f"{min(ours):.2f} ms",
            theirs=f"SET: {min(theirs):.2f} ms",
            value=Ratio(min(ours), statistics.quantiles(ours, n=4)[0], statistics.quantiles(ours, n=4)[2]),
            bar=1.0,
            unit=" ms",
        )
    )


def _main_thread(
    bench: Bench, with_module: list[bytes], changing: list[list[bytes]], with_set: list[bytes]
) -> None:
    """How long one store holds the server: no PING can be answered meanwhile. `changing` holds other data in turns."""
    next_data = cycle(changing)
    turns = {
        "the same data": Turn(lambda: bench.wire.run(batches(with_module, 1)), _WRITERS),
        "other data": Turn(lambda: bench.wire.run(next(next_data)), _WRITERS),
        "plain SET": Turn(lambda: bench.wire.run(batches(with_set, 1)), _WRITERS),
    }
    measured = take_turns(bench.server, turns, bench.effort.rounds, lambda who: bench.advance(f"1 MiB: {who}"))
    cpu = {who: statistics.median(m.cpu) for who, m in measured.items()}
    for who in ("the same data", "other data"):
        bench.results.rows.append(
            Row(
                work=f"PATTERN.STORE 1 MiB, {who}",
                against="main thread a call",
                ours=in_us(cpu[who]),
                theirs=f"SET: {in_us(cpu['plain SET'])}",
                value=Ratio.from_values([us / 1e3 for us in measured[who].cpu]),
                bar=1.0,
                unit=" ms",
            )
        )


def _beside(bench: Bench, commands: list[bytes], seconds: float) -> float:
    """Writers are processes: threads would make the one that measures wait for Python."""
    pool = bench.server.connection_pool.connection_kwargs
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    writers = [
        context.Process(target=_write, args=(pool["host"], pool["port"], command, stop), daemon=True)
        for command in commands
    ]
    before = bench.server.info("commandstats")
    for writer in writers:
        writer.start()
    while bench.server.info("commandstats") == before:
        time.sleep(0.01)
    ping = batches([encode(["PING"])], 1)
    took, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.perf_counter()
        bench.wire.run(ping)
        took.append(time.perf_counter() - start)
        time.sleep(0.001)
    stop.set()
    for writer in writers:
        writer.join()
    if any(writer.exitcode for writer in writers):
        raise RuntimeError("a client that stores 1 MiB failed")
    return statistics.quantiles(took, n=100)[98] * 1e3


def _write(host: str, port: int, command: bytes, stop: Event) -> None:
    wire = Wire(host, port)
    prepared = batches([command], 1)
    while not stop.is_set():
        wire.run(prepared)
    wire.close()
