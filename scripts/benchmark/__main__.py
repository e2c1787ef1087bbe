"""Runs the measurements: `python -m benchmark --port PORT …`. `scripts/bench` is its caller."""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import redis
from rich.console import Console
from rich.markup import escape

from learn.progress import make_console, stage

from . import chart, crowd, growth, insights, memory, report, scan, storing, writes
from .bench import FULL, QUICK, Bench
from .wire import ServerError, Wire

_MEASUREMENTS: tuple[tuple[str, Callable[[Bench], None]], ...] = (
    ("memory of 1,000 patterns", memory.measure),
    ("small writes", writes.measure),
    ("storing snippets", storing.measure),
    ("a whole linter run", scan.measure),
    ("large payloads", crowd.measure),
    ("insights", insights.measure),
    ("reads by the number of issues", growth.measure_issues),
    ("reads by the number of patterns", growth.measure_patterns),
)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="benchmark", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="where the server listens; what it holds is lost")
    parser.add_argument("--port", type=int, required=True, help="where the server listens")
    parser.add_argument("--quick", action="store_true", help="fewer rounds: under a minute")
    parser.add_argument("--check", action="store_true", help="end with 1 where a bar is missed")
    parser.add_argument("--json", type=Path, help="a file to write all figures to")
    parser.add_argument("--svg", type=Path, help="a file to draw the curves into")
    arguments = parser.parse_args()
    # So that the terminal is put back in order.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = make_console()
    try:
        bench = run(console, arguments)
    except redis.RedisError as error:
        return _failed(console, f"the server answered: {error}")
    except ServerError as error:
        return _failed(console, f"the server answered: {error}")
    except RuntimeError as error:
        return _failed(console, str(error))
    except KeyboardInterrupt:
        return 130
    report.show(console, bench.results)
    if arguments.json:
        arguments.json.write_text(json.dumps(bench.results.as_json(), indent=1) + "\n")
        console.print(f"all figures are in {escape(str(arguments.json))}")
    if arguments.svg:
        arguments.svg.write_text(chart.draw(bench.results))
        console.print(f"the curves are drawn in {escape(str(arguments.svg))}")
    missed = any(not row.holds for row in bench.results.rows)
    return 1 if arguments.check and missed else 0


def run(console: Console, arguments: argparse.Namespace) -> Bench:
    """All measurements, in order."""
    server = redis.Redis(host=arguments.host, port=arguments.port, decode_responses=True)
    wire = Wire(arguments.host, arguments.port)
    bench = Bench(server, wire, QUICK if arguments.quick else FULL)
    server.config_set("latency-tracking-info-percentiles", "50 99")
    server.function_load(Path(__file__).with_name("functions.lua").read_text(), replace=True)
    started, load = time.monotonic(), os.getloadavg()[0]
    for title, measure in _MEASUREMENTS:
        with stage(console, title) as current:
            rows = len(bench.results.rows)
            bench.advance = current.advance
            measure(bench)
            new = bench.results.rows[rows:]
            held = sum(row.holds for row in new)
            current.outcome = f"{held} of {len(new)} bars hold" if new else "measured"
    wire.close()
    info = server.info("server")
    bench.results.about = {
        "at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "mode": "quick" if arguments.quick else "full",
        "rounds": bench.effort.rounds,
        "server": f"{info.get('server_name', 'redis')} {info.get('valkey_version', info['redis_version'])}",
        "module": server.info("patternmemory")["patternmemory_version"],
        "python": platform.python_version(),
        "redis-py": redis.__version__,
        "cores": os.cpu_count(),
        "load_before": round(load, 2),
        "load_after": round(os.getloadavg()[0], 2),
        "seconds": round(time.monotonic() - started, 1),
    }
    about = bench.results.about
    console.print(
        f"    {about['server']}, patternmemory {about['module']}, redis-py {about['redis-py']};"
        f" {about['cores']} cores, load {about['load_before']} before, {about['load_after']} after;"
        f" {about['seconds']} s",
        soft_wrap=True,
    )
    if max(about["load_before"], about["load_after"] - 1) > about["cores"] / 2:
        console.print("    [yellow]The machine is busy with other things: look at the quartiles.[/]", soft_wrap=True)
    return bench


def _failed(console: Console, reason: str) -> int:
    console.print(f"[red]error:[/] {escape(reason.strip())}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
