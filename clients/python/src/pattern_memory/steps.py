"""What to do with a Redis client, step by step, without saying whether one waits for it or awaits it.

A job is a generator: it yields a step, is sent what came of it or has its error thrown in, and returns its result.
`memory` drives jobs with a blocking client, `aio` with an asynchronous one; all that can be decided is decided here.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, TypeVar, Union

from .commands import server
from .commands.request import Request
from .errors import REDIS_ERRORS, PatternMemoryError, TryAgain, from_redis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .commands.request import Call
    from .retries import Retries

T = TypeVar("T")


@dataclass(frozen=True)
class Execute:
    """Run one command, on a node where one is named. One without a key to go by needs some node of a cluster."""

    call: Call
    node: Any = None

    def on(self, client: Any) -> Any:
        """The reply of a blocking client, or what an asynchronous one gives to await it."""
        if not is_cluster(client):
            return client.execute_command(self.call.name, *self.call.arguments)
        node = self.node or (client.get_default_node() if self.call.keyless else None)
        routing = {} if node is None else {"target_nodes": node}
        return client.execute_command(self.call.name, *self.call.arguments, **routing)


@dataclass(frozen=True)
class ExecuteAll:
    """Run commands in one round trip (in a cluster, one a node); replies and errors in their order."""

    calls: Sequence[Call]
    transaction: bool = False

    def on(self, client: Any) -> Any:
        """As in `Execute`."""
        pipeline = client.pipeline(transaction=True) if self.transaction else _plain_pipeline(client)
        for call in self.calls:
            pipeline.execute_command(call.name, *call.arguments)
        return pipeline.execute(raise_on_error=False)


@dataclass(frozen=True)
class Pause:
    """Let time pass."""

    seconds: float


@dataclass(frozen=True)
class Nodes:
    """Name the nodes of a cluster, or its masters; a single server is one node, without a name."""

    masters: bool = False

    def on(self, client: Any) -> list[Any]:
        """Of a client that knows its cluster."""
        if not is_cluster(client):
            return [None]
        return list(client.get_primaries() if self.masters else client.get_nodes())


@dataclass(frozen=True)
class Block:
    """Do what blocks, as files do: aside, where others must not wait for it."""

    work: Callable[[], Any]


Step = Union[Execute, ExecuteAll, Nodes, Pause, Block]
Job = Generator[Step, Any, T]


def is_cluster(client: Any) -> bool:
    """Whether it is a client of a whole cluster."""
    return hasattr(client, "get_primaries")


def fulfil(request: Request[T], retries: Retries, node: Any = None) -> Job[T]:
    """Carry a request out, trying again where the server says so."""
    replies = []
    for call in request.calls:
        for each in (yield from _nodes()) if call.everywhere else [node]:
            reply = yield from _execute(call, retries, each)
        replies.append(reply)
    return request.read(replies)


def _nodes(*, masters: bool = False) -> Job[list[Any]]:
    try:
        nodes: list[Any] = yield Nodes(masters)
    except REDIS_ERRORS as error:
        raise from_redis(error) from error
    return nodes


def _execute(call: Call, retries: Retries, node: Any) -> Job[Any]:
    pauses = retries.pauses()
    while True:
        try:
            return (yield Execute(call, node))
        except REDIS_ERRORS as error:
            failure, cause = from_redis(error), error
        pause = next(pauses, None)
        if pause is None or not isinstance(failure, TryAgain):
            # Some errors repeat the arguments, which may hold a secret: those must not be in the traceback.
            raise failure from (cause if str(cause) in str(failure) else None)
        yield Pause(pause)


def fulfil_all(requests: Sequence[Request[Any]], retries: Retries, *, transaction: bool = False) -> Job[list[Any]]:
    """Carry requests out in one round trip; of each its result or its error.

    Without a transaction what the server asks to try again is tried again, alone.
    """
    calls = [call for request in requests for call in request.calls]
    # A cluster's pipeline takes nothing without a key: such go alone.
    alone = {at for at, call in enumerate(calls) if call.keyless}
    if alone and (yield from _nodes()) == [None] and not any(call.everywhere for call in calls):
        alone = set()
    together = [call for at, call in enumerate(calls) if at not in alone]
    answered = iter((yield from _execute_all(together, transaction)) if together else [])
    replies: list[Any] = []
    for at, call in enumerate(calls):
        replies.append((yield from _attempt(call, retries)) if at in alone else next(answered))
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
    for node in (yield from _nodes(masters=True)):
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


def _attempt(call: Call, retries: Retries) -> Job[Any]:
    """The reply, or the error."""
    try:
        return (yield from fulfil(Request((call,), lambda replies: replies[0]), retries))
    except PatternMemoryError as error:
        return error


def _execute_all(calls: Sequence[Call], transaction: bool) -> Job[list[Any]]:
    try:
        replies = yield ExecuteAll(calls, transaction)
    except REDIS_ERRORS as error:
        failure, cause = from_redis(error), error
        raise failure from (cause if str(cause) in str(failure) else None)
    return [from_redis(reply) if isinstance(reply, REDIS_ERRORS) else reply for reply in replies]


def _plain_pipeline(client: Any) -> Any:
    # A cluster's pipeline is none of a transaction, and older ones refuse the word.
    return client.pipeline() if is_cluster(client) else client.pipeline(transaction=False)
