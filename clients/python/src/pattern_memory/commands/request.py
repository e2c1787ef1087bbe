"""What is sent and how the answer is read, apart from who sends it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Generic, TypeVar, Union

from ..errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

T = TypeVar("T")

Argument = Union[str, bytes, int, float]


@dataclass(frozen=True)
class Call:
    """One command: its name and its arguments, encoded."""

    name: str
    arguments: tuple[bytes, ...]
    keyless: bool = False
    everywhere: bool = False
    """On every node of a cluster; the answer of one of them counts."""


@dataclass(frozen=True)
class Request(Generic[T]):
    """One command, or several where one cannot hold all, and what their answers mean."""

    calls: tuple[Call, ...]
    read: Callable[[Sequence[Any]], T]


def command(
    name: str, *arguments: Argument, read: Callable[[Any], T], keyless: bool = False, everywhere: bool = False
) -> Request[T]:
    """A request of one command."""
    call = Call(name, tuple(map(encoded, arguments)), keyless, everywhere)
    return Request((call,), lambda replies: read(replies[0]))


def encoded(argument: Argument) -> bytes:
    """As bytes, in UTF-8 whatever encoding the Redis client was given for other uses."""
    if isinstance(argument, bytes):
        return argument
    if isinstance(argument, str):
        try:
            return argument.encode()
        except UnicodeEncodeError:
            raise InvalidArgument(
                "a name must be text that UTF-8 can hold; see repo_name() and identifier() for what cannot"
            ) from None
    if isinstance(argument, bool):
        return b"1" if argument else b"0"
    if isinstance(argument, (int, float)):
        return repr(argument).encode()
    raise InvalidArgument(f"an argument must be text or a number, not {type(argument).__name__}")


def free_text(text: str) -> bytes:
    """Text that may be anything, as the module takes it: what is no character becomes U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def json_object(name: str, value: Mapping[str, Any]) -> bytes:
    """A JSON object."""
    try:
        return free_text(json.dumps(dict(value), ensure_ascii=False, allow_nan=False, separators=(",", ":")))
    except (TypeError, ValueError, RecursionError) as error:
        # What json says names types, never values.
        raise InvalidArgument(f"{name} must be a mapping that JSON can hold: {error}") from None


def options(**given: Argument | None) -> list[Argument]:
    """Those that are given, as the words and values that follow the positional arguments."""
    return [part for name, value in given.items() if value is not None for part in (name, value)]


def document(reply: str | bytes) -> Any:
    """A JSON document."""
    return json.loads(reply)


def document_or_none(reply: str | bytes | None) -> Any:
    """A JSON document; None where there is nothing."""
    return None if reply is None else json.loads(reply)


def text(reply: str | bytes) -> str:
    """Text."""
    return reply.decode() if isinstance(reply, bytes) else reply


def integer(reply: int) -> int:
    """A number."""
    return int(reply)


def integer_or_none(reply: int | None) -> int | None:
    """A number; None where there is nothing."""
    return None if reply is None else int(reply)


MOST_ROWS = 1_000_000


def limit(offset: int, count: int | None) -> list[Argument]:
    """The rows from `offset` on, all where no count is given."""
    if not offset and count is None:
        return []
    return ["LIMIT", offset, MOST_ROWS if count is None else count]
