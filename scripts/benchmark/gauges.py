"""What the server says of itself: its main thread's CPU, its latencies, its memory, its append-only file."""

from __future__ import annotations

import time
from pathlib import Path

import redis


def main_thread_seconds(server: redis.Redis) -> float:
    """CPU seconds the server's main thread has used."""
    cpu = server.info("cpu")
    return cpu["used_cpu_user_main_thread"] + cpu["used_cpu_sys_main_thread"]


def forget_latencies(server: redis.Redis) -> None:
    """Starts the server's histograms anew."""
    server.config_resetstat()


def latency(server: redis.Redis, command: str) -> dict[str, float]:
    """Microseconds in the server at p50 and p99, since the histograms were started."""
    wanted = f"latency_percentiles_usec_{command}".lower()
    for name, found in server.info("latencystats").items():
        if name.lower() == wanted:
            return {percentile: float(found[percentile]) for percentile in ("p50", "p99")}
    return {}


def used_memory(server: redis.Redis) -> int:
    """Bytes allocated, once the server has finished growing its tables."""
    time.sleep(0.3)
    seen = server.info("memory")["used_memory"]
    for _ in range(20):
        time.sleep(0.15)
        now = server.info("memory")["used_memory"]
        if abs(now - seen) < 512:
            break
        seen = now
    return now


class AppendOnlyFile:
    """The append-only file, switched on for the body of a `with`."""

    def __init__(self, server: redis.Redis) -> None:
        self._server = server

    def __enter__(self) -> AppendOnlyFile:
        self._server.config_set("appendfsync", "no")
        self._server.config_set("appendonly", "yes")
        while True:
            state = self._server.info("persistence")
            if not state["aof_rewrite_in_progress"] and not state["aof_rewrite_scheduled"] and state["aof_enabled"]:
                break
            time.sleep(0.05)
        directory = Path(self._server.config_get("dir")["dir"])
        directory /= self._server.config_get("appenddirname")["appenddirname"]
        self._file = max(directory.glob("*.incr.aof"), key=lambda path: path.stat().st_mtime_ns)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.config_set("appendonly", "no")

    def size(self) -> int:
        """Its bytes so far."""
        return self._file.stat().st_size

    def since(self, offset: int) -> bytes:
        """What was appended after `offset`."""
        with self._file.open("rb") as file:
            file.seek(offset)
            return file.read()
