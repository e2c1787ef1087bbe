"""What tests share: a server for all of them, a repo for each."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
import redis

import pattern_memory
from servers import Server, running, running_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

_REDIS_PY = tuple(int(part) for part in redis.__version__.split(".")[:2])
# RESP3 came with redis-py 5.
_PROTOCOLS = [2, 3] if _REDIS_PY >= (5, 0) else [None]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with running() as started:
        yield started


@pytest.fixture(scope="session")
def _cluster() -> Iterator[list[Server]]:
    with running_cluster() as started:
        yield started


@pytest.fixture
def cluster(_cluster: list[Server]) -> list[Server]:
    """An empty one, as tests list all of its repos."""
    for node in _cluster:
        node.redis.flushall()
    return _cluster


@pytest.fixture(params=[(protocol, decode) for protocol in _PROTOCOLS for decode in (False, True)], ids=str)
def redis_options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The options of a Redis client that change what replies look like."""
    protocol, decode = request.param
    options: dict[str, Any] = {"decode_responses": decode}
    if protocol is not None:
        options["protocol"] = protocol
    return options


@pytest.fixture
def memory(server: Server) -> Iterator[pattern_memory.Memory]:
    with pattern_memory.connect(server.url) as connected:
        yield connected


_numbers = itertools.count()


@pytest.fixture
def name() -> str:
    """The name of a repo that no other test has."""
    return f"acme/repo-{next(_numbers)}"


@pytest.fixture
def repo(memory: pattern_memory.Memory, name: str) -> pattern_memory.Repo:
    return memory.repo(name)
