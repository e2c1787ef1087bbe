"""What to do with a Redis client, step by step, without saying whether one waits for it or awaits it.

A job is a generator: it yields a step, is sent what came of it or has its error thrown in, and returns its result.
`memory` drives jobs with a blocking client, `aio` with an asynchronous one; all that can be decided is decided here.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, TypeVar, Union

from redis import exceptions as redis_errors

from .commands import server
from .errors import PatternMemoryError, TryAgain, from_redis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .commands.request import Call, Request
    from .retries import Retries

T = TypeVar("T")


@dataclass(frozen=True)
class Execute:
    """Run one command, on a node where one is named."""

    call: Call
    node: Any = None

    def on(self, client: Any) -> Any:
        """The reply of a blocking client, or what an asynchronous one gives to await it."""
        return client.execute_command(self.call.name, *self.call.arguments, **_routing(client, self.call, self.node))


@dataclass(frozen=True)
class ExecuteAll:
    """Run commands in one round trip (in a cluster, one a node); replies and errors in their order."""

    calls: Sequence[Call]
    transaction: bool = False

    def on(self, client: Any) -> Any:
        """As in `Execute`."""
        pipeline = client.pipeline(transaction=True) if self.transaction else _plain_pipeline(client)
        for call in self.calls:
            pipeline.execute_command(call.name, *call.arguments, **_routing(client, call, None))
        return pipeline.execute(raise_on_error=False)


@dataclass(frozen=True)
class Pause:
    """Let time pass."""

    seconds: float


@dataclass(frozen=True)
class Masters:
    """Name the masters of a cluster; of a single server that is one, without a name."""


@dataclass(frozen=True)
class Block:
    """Do what blocks, as files do: aside, where others must not wait for it."""

    work: Callable[[], Any]


Step = Union[Execute, ExecuteAll, Masters, Pause, Block]
Job = Generator[Step, Any, T]


def is_cluster(client: Any) -> bool:
    """Whether it is a client of a whole cluster."""
    return hasattr(client, "get_primaries")


def masters(client: Any) -> list[Any]:
    """What `Masters` names, of a client that knows its cluster."""
    return list(client.get_primaries()) if is_cluster(client) else [None]


def fulfil(request: Request[T], retries: Retries, node: Any = None) -> Job[T]:
    """Carry a request out, trying again where the server says so."""
    replies = []
    for call in request.calls:
        replies.append((yield from _execute(call, retries, node)))
    return request.read(replies)


def _execute(call: Call, retries: Retries, node: Any) -> Job[Any]:
    pauses = retries.pauses()
    while True:
        try:
            return _one((yield Execute(call, node)), call)
        except redis_errors.RedisError as error:
            failure, cause = from_redis(error), error
        pause = next(pauses, None)
        if pause is None or not isinstance(failure, TryAgain):
            # Some errors repeat the arguments, which may hold a secret: those must not be in the traceback.
            raise failure from (cause if str(cause) in str(failure) else None)
        yield Pause(pause)


def _one(reply: Any, call: Call) -> Any:
    """One answer of those of several nodes."""
    return next(iter(reply.values())) if call.everywhere and isinstance(reply, dict) else reply


def fulfil_all(requests: Sequence[Request[Any]], retries: Retries, *, transaction: bool = False) -> Job[list[Any]]:
    """Carry requests out in one round trip; of each its result or its error.

    Without a transaction what the server asks to try again is tried again, alone.
    """
    calls = [call for request in requests for call in request.calls]
    replies: list[Any] = (yield from _execute_all(calls, transaction)) if calls else []
    if not transaction:
        for pause in retries.pauses():
            again = [at for at, reply in enumerate(replies) if isinstance(reply, TryAgain)]
            if not again:
                break
            yield Pause(pause)
            for at, reply in zip(again, (yield from _execute_all([calls[at] for at in again], transaction))):
                replies[at] = reply
    results = []
    rest = iter(replies)
    for request in requests:
        own = [next(rest) for _ in request.calls]
        errors = [reply for reply in own if isinstance(reply, Exception)]
        results.append(errors[0] if errors else _read(request, own))
    return results


def every_repo(retries: Retries, match: str | None = None, count: int = 1000) -> Job[list[str]]:
    """The names of the repos that the caller may read, on all masters, each once."""
    names: dict[str, None] = {}
    try:
        nodes = yield Masters()
    except redis_errors.RedisError as error:
        raise from_redis(error) from error
    for node in nodes:
        cursor = ""
        while cursor != "0":
            page = yield from fulfil(server.repos_page(cursor or "0", match, count), retries, node)
            names.update(dict.fromkeys(page["repos"]))
            cursor = page["cursor"]
    return list(names)


def _read(request: Request[Any], replies: Sequence[Any]) -> Any:
    try:
        return request.read(replies)
    except PatternMemoryError as error:
        return error


def _execute_all(calls: Sequence[Call], transaction: bool) -> Job[list[Any]]:
    try:
        replies = yield ExecuteAll(calls, transaction)
    except redis_errors.RedisError as error:
        failure, cause = from_redis(error), error
        raise failure from (cause if str(cause) in str(failure) else None)
    return [from_redis(reply) if isinstance(reply, redis_errors.RedisError) else reply for reply in replies]


def _plain_pipeline(client: Any) -> Any:
    # A cluster's pipeline is none of a transaction, and older ones refuse the word.
    return client.pipeline() if is_cluster(client) else client.pipeline(transaction=False)


def _routing(client: Any, call: Call, node: Any) -> dict[str, Any]:
    """Where a cluster's client sends what has no key to go by."""
    if not is_cluster(client):
        return {}
    if node is not None:
        return {"target_nodes": node}
    if call.everywhere:
        return {"target_nodes": "all"}
    return {"target_nodes": "default-node"} if call.keyless else {}
