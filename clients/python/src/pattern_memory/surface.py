"""How a function of `commands` becomes a method: the same signature, carried out by whoever the method belongs to."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Callable, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from typing_extensions import Concatenate, ParamSpec

    from .commands.request import Request
    from .pipeline import Queued

    P = ParamSpec("P")

T = TypeVar("T")


class Waits(Protocol):
    """Carries a request out at once."""

    def _run(self, request: Request[T], /) -> T: ...


class Awaits(Protocol):
    """Carries a request out when it is awaited."""

    async def _run(self, request: Request[T], /) -> T: ...


class Queues(Protocol):
    """Keeps a request for later."""

    def _run(self, request: Request[T], /) -> Queued[T]: ...


class OfOneRepo(Protocol):
    """Belongs to a repo."""

    @property
    def name(self) -> str:
        """The repo."""
        ...


class RepoWaits(Waits, OfOneRepo, Protocol):
    """Both."""


class RepoAwaits(Awaits, OfOneRepo, Protocol):
    """Both."""


class RepoQueues(Queues, OfOneRepo, Protocol):
    """Both."""


def blocking(build: Callable[P, Request[T]]) -> Callable[Concatenate[Waits, P], T]:
    """A method that waits for the answer."""
    return _method(build)


def awaiting(build: Callable[P, Request[T]]) -> Callable[Concatenate[Awaits, P], Awaitable[T]]:
    """A method to await."""
    return _method(build)


def queued(build: Callable[P, Request[T]]) -> Callable[Concatenate[Queues, P], Queued[T]]:
    """A method of a pipeline."""
    return _method(build)


def repo_blocking(build: Callable[Concatenate[str, P], Request[T]]) -> Callable[Concatenate[RepoWaits, P], T]:
    """A method of a repo that waits for the answer."""
    return _repo_method(build)


def repo_awaiting(
    build: Callable[Concatenate[str, P], Request[T]],
) -> Callable[Concatenate[RepoAwaits, P], Awaitable[T]]:
    """A method of a repo to await."""
    return _repo_method(build)


def repo_queued(build: Callable[Concatenate[str, P], Request[T]]) -> Callable[Concatenate[RepoQueues, P], Queued[T]]:
    """A method of a repo in a pipeline."""
    return _repo_method(build)


def _method(build: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Any, *arguments: Any, **options: Any) -> Any:
        return self._run(build(*arguments, **options))

    return _presented(method, build, list(inspect.signature(build).parameters.values()))


def _repo_method(build: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Any, *arguments: Any, **options: Any) -> Any:
        return self._run(build(self.name, *arguments, **options))

    return _presented(method, build, list(inspect.signature(build).parameters.values())[1:])


def _presented(method: Any, build: Callable[..., Any], parameters: list[inspect.Parameter]) -> Callable[..., Any]:
    """With the name, text and signature that `help` shows."""
    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    method.__name__ = build.__name__
    method.__qualname__ = build.__qualname__
    method.__doc__ = build.__doc__
    method.__signature__ = inspect.Signature([itself, *parameters])
    presented: Callable[..., Any] = method
    return presented
