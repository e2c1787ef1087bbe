"""A client that costs so little that the server is what is measured: bytes made beforehand, sent many at a time."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence

Command = Sequence[bytes | str | int | float]

_END = b"end-of-the-batch"


class ServerError(Exception):
    """The server answered one of the commands with an error."""


def encode(command: Command) -> bytes:
    """One command as it goes over the wire."""
    parts = [b"*%d\r\n" % len(command)]
    for argument in command:
        value = argument if isinstance(argument, bytes) else str(argument).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(value), value))
    return b"".join(parts)


def batches(calls: Iterable[bytes], depth: int) -> list[bytes]:
    """Encoded calls, `depth` to a batch; each batch ends with an ECHO by which its end is known."""
    found, current = [], []
    for call in calls:
        current.append(call)
        if len(current) == depth:
            found.append(b"".join([*current, encode(["ECHO", _END])]))
            current = []
    if current:
        found.append(b"".join([*current, encode(["ECHO", _END])]))
    return found


class Wire:
    """A connection that sends batches and reads the replies without looking into them, but for errors."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run(self, prepared: Iterable[bytes]) -> None:
        """Sends each batch once all replies to the one before are in."""
        last = _END + b"\r\n"
        for batch in prepared:
            self._socket.sendall(batch)
            chunks: list[bytes] = []
            tail = b""
            while not tail.endswith(last):
                chunk = self._socket.recv(1 << 20)
                if not chunk:
                    raise ServerError("the server closed the connection")
                chunks.append(chunk)
                tail = (tail + chunk)[-len(last) :]
            replies = b"".join(chunks)
            # A JSON document holds no line break of its own, so this is the start of a reply.
            at = 0 if replies.startswith(b"-") else replies.find(b"\r\n-") + 2
            if at != 1:
                raise ServerError(replies[at : replies.find(b"\r\n", at)].decode(errors="replace"))

    def close(self) -> None:
        """Ends the connection."""
        self._socket.close()
