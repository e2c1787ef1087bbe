"""The raw commands of a call: what the module itself wrote into the append-only file, as a client would send it."""

from __future__ import annotations

from collections.abc import Iterator

import redis

from .gauges import AppendOnlyFile
from .wire import Wire


def recorded(
    server: redis.Redis, wire: Wire, prepared: list[bytes], calls: int, repo: str, other: str
) -> list[bytes]:
    """Runs the prepared calls of `repo` and answers the commands of each, as of the repo `other`.

    The names must be of one length, so that the lengths in the protocol stay right.
    """
    if len(repo) != len(other):
        raise ValueError("the repos' names must be of one length")
    with AppendOnlyFile(server) as file:
        offset = file.size()
        wire.run(prepared)
        written = file.since(offset)
    found = list(_calls(written.replace(repo.encode(), other.encode())))
    if len(found) != calls:
        raise RuntimeError(f"{calls} calls left {len(found)} groups of commands in the append-only file")
    return found


def _calls(written: bytes) -> Iterator[bytes]:
    """The bytes of each call: a transaction, or one command outside any."""
    start: int | None = None
    for begin, end, name in _commands(written):
        if name == b"MULTI":
            start = begin
        elif name == b"EXEC" and start is not None:
            yield written[start:end]
            start = None
        elif start is None and name != b"SELECT":
            yield written[begin:end]


def _commands(written: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Begin, end and name of each command."""
    at = 0
    while at < len(written):
        begin, name = at, b""
        line_end = written.index(b"\r\n", at)
        for number in range(int(written[at + 1 : line_end])):
            at = line_end + 2
            line_end = written.index(b"\r\n", at)
            value_start = line_end + 2
            value_end = value_start + int(written[at + 1 : line_end])
            if number == 0:
                name = written[value_start:value_end].upper()
            line_end = value_end
        at = line_end + 2
        yield begin, at, name
