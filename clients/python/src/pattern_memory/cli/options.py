"""Options that most commands have, and how they get at the server."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, TypeVar

import click
from click.shell_completion import CompletionItem

import pattern_memory
from pattern_memory import Memory, PatternMemoryError, Repo, repo_name

from . import exits
from .repository import repo_of_directory

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_URL = "redis://localhost:6379"
_CONNECT_SECONDS = 5
_COMPLETION_SECONDS = 0.5

Function = TypeVar("Function", bound=Callable[..., Any])


def server_options(function: Function) -> Function:
    """`--url`, `--cluster` and `--json`; the command is handed `open_memory` and `as_json`."""

    @click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document.")
    @click.option("--cluster", envvar="PATTERN_MEMORY_CLUSTER", is_flag=True, help="The URL names a node of a cluster.")
    @click.option(
        "--url",
        envvar="PATTERN_MEMORY_URL",
        show_envvar=True,
        default=DEFAULT_URL,
        show_default=True,
        metavar="URL",
        help="Where the server is: redis://, rediss:// (TLS) or unix://.",
    )
    @functools.wraps(function)
    def command(*arguments: Any, url: str, cluster: bool, **options: Any) -> Any:
        try:
            with connect(url, cluster=cluster) as memory:
                return function(memory, *arguments, **options)
        except PatternMemoryError as error:
            raise exits.failure(error) from error
        except BrokenPipeError as error:
            # Before click sees it, some releases of which end with 1 then.
            raise exits.ReaderGone from error

    return command  # type: ignore[return-value]


def connect(url: str, *, cluster: bool = False, seconds: float = _CONNECT_SECONDS) -> Memory:
    """A memory, not connected yet (but for a cluster)."""
    try:
        if cluster:
            return pattern_memory.connect_cluster(url, socket_connect_timeout=seconds)
        return pattern_memory.connect(url, socket_connect_timeout=seconds)
    except ValueError as error:
        # What it says may repeat the URL, and with it a password.
        raise click.BadParameter("no URL of a Redis server; try redis://localhost:6379", param_hint="--url") from error


def complete_repos(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The repos on the server that begin like what was typed; none where it does not answer at once."""
    url = context.params.get("url") or DEFAULT_URL
    try:
        with connect(url, seconds=_COMPLETION_SECONDS) as memory:
            names = _first(memory.repos(), 1_000)
            return [CompletionItem(name) for name in sorted(names) if name.startswith(incomplete)]
    except (PatternMemoryError, click.ClickException):
        return []


def repo_argument(function: Function) -> Function:
    """`[REPO]`."""
    return click.argument("repo", required=False, metavar="[REPO]", shell_complete=complete_repos)(function)


def days_option(function: Function) -> Function:
    """`--days`."""
    return click.option(
        "--days",
        type=click.IntRange(1, 3_650),
        default=30,
        show_default=True,
        help="How many UTC days to look back on.",
    )(function)


def top_option(function: Function) -> Function:
    """`--top`."""
    return click.option(
        "--top", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many rows at most."
    )(function)


def chosen_repo(memory: Memory, name: str | None) -> Repo:
    """The repo that was named, or that of the current directory."""
    return memory.repo(repo_name(name) if name else repo_of_directory(Path.cwd()))


def _first(names: Iterator[str], most: int) -> list[str]:
    return [name for _, name in zip(range(most), names)]
