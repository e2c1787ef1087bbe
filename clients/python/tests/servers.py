"""Servers that a test starts for itself and stops again."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import redis

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE = 60.0


def _path(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise RuntimeError(f"{variable} must name a file: scripts/test sets it")
    # Not resolved: Debian's server acts by the name that it is called by.
    return str(Path(value).absolute())


def wait_for(what: str, met: Callable[[], bool]) -> None:
    """Until it is so."""
    end = time.monotonic() + _PATIENCE
    while not met():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.05)


class Server:
    """One process, with a directory of its own."""

    def __init__(self, *options: str, module: bool = True) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="pattern-memory-client.")
        words = ["--save", "", "--appendonly", "no", "--dir", self._directory.name, *options]
        if module:
            words += ["--loadmodule", _path("PM_MODULE")]
        for _ in range(5):
            self.port = _free_port()
            with Path(self._directory.name, "log").open("wb") as log:
                self._process = subprocess.Popen(
                    [_path("PM_SERVER"), "--port", str(self.port), "--bind", "127.0.0.1", *words],
                    stdout=log,
                    stderr=log,
                    stdin=subprocess.DEVNULL,
                )
            self.redis: Any = redis.Redis(port=self.port, decode_responses=True)
            if self._came_up():
                return
            self.stop_process()
        raise RuntimeError(Path(self._directory.name, "log").read_text(errors="replace")[-2000:])

    def reply(self, *words: object) -> Any:
        """What the server answers, as it does: redis-py makes something else of some replies."""
        with redis.Redis(port=self.port, decode_responses=True) as raw:
            raw.response_callbacks.clear()
            return raw.execute_command(*words)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def _came_up(self) -> bool:
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end and self._process.poll() is None:
            try:
                # Somebody else's server may have that port.
                return bool(self.redis.info("server")["process_id"] == self._process.pid)
            except redis.exceptions.RedisError:
                time.sleep(0.05)
        return False

    def stop_process(self) -> None:
        """Stop it, keeping its object."""
        self.redis.close()
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        self.stop_process()
        self._directory.cleanup()


def _free_port() -> int:
    """One whose cluster bus, 10,000 higher, is a port too."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port < 50_000:
            return port
        time.sleep(0.001)


@contextmanager
def running(*options: str, module: bool = True) -> Iterator[Server]:
    """A server for as long as it is needed."""
    server = Server(*options, module=module)
    try:
        yield server
    finally:
        server.stop()


SLOTS = 16_384


@contextmanager
def running_cluster() -> Iterator[list[Server]]:
    """Three masters."""
    nodes: list[Server] = []
    try:
        for _ in range(3):
            nodes.append(Server("--cluster-enabled", "yes", "--cluster-node-timeout", "15000"))
        bounds = [SLOTS * n // len(nodes) for n in range(len(nodes) + 1)]
        for epoch, node in enumerate(nodes, 1):
            node.reply("CLUSTER", "SET-CONFIG-EPOCH", epoch)
            node.reply("CLUSTER", "ADDSLOTSRANGE", bounds[epoch - 1], bounds[epoch] - 1)
        for node in nodes[1:]:
            nodes[0].reply("CLUSTER", "MEET", "127.0.0.1", node.port)
        wait_for("a cluster of three", lambda: all(_whole(node, len(nodes)) for node in nodes))
        yield nodes
    finally:
        for node in nodes:
            node.stop()


def _whole(node: Server, size: int) -> bool:
    slots = node.reply("CLUSTER", "SLOTS")
    return "cluster_state:ok" in node.reply("CLUSTER", "INFO") and len(slots) == size


def owns(node: Server, slot: int) -> bool:
    """Whether a slot is that node's."""
    slots = node.reply("CLUSTER", "SLOTS")
    return any(first <= slot <= last and master[1] == node.port for first, last, master, *_ in slots)
