"""`pattern-memory migrate`: what the replaced class left, into the memory."""

from __future__ import annotations

import sys
from datetime import timezone
from typing import TYPE_CHECKING, Any

import click
from redis import Redis
from redis import exceptions as redis_errors
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from pattern_memory import repo_name
from pattern_memory.errors import from_redis
from pattern_memory.migration import Migration, RepoResult, Source, Target
from pattern_memory.migration.source import PREFIX

from . import exits, output
from .options import server_options
from .output import Column, plain, said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pattern_memory import Memory
    from pattern_memory.migration import Skipped

_SHOWN = 20


@click.command(short_help="Move the data of the replaced class.")
@click.option("--from-url", metavar="URL", help="The server or database that holds the old keys [that of --url].")
@click.option("--prefix", default=PREFIX, show_default=True, help="What the old keys begin with.")
@click.option("--map", "names", multiple=True, metavar="OLD=NEW", help="Move the repo OLD under the name NEW.")
@click.option(
    "--times",
    type=click.Choice(["local", "utc"]),
    default="local",
    show_default=True,
    help="Of which zone old times are: the class wrote those of the machine it ran on.",
)
@click.option("--only", multiple=True, metavar="REPO", help="Move only this repo, by its old name.")
@click.option("--dry-run", is_flag=True, help="Only say what would move.")
@click.option("--replace", is_flag=True, help="Forget what the memory knows of each repo first.")
@click.option("--delete-old", is_flag=True, help="Delete the old keys of each repo that has moved whole.")
@server_options
def migrate(
    memory: Memory,
    from_url: str | None,
    prefix: str,
    names: Sequence[str],
    times: str,
    only: Sequence[str],
    dry_run: bool,
    replace: bool,
    delete_old: bool,
    as_json: bool,
) -> int:
    """Move what the class RedisPatternMemory left behind (keys kirolinter:*) into the memory, anonymized on the way.

    Counts, times, frequencies and scores stay what they were; what a repo knows already is added to. Records that
    cannot be read are left out and listed, and the exit code is 1 then. Old keys stay, unless --delete-old is given.

    It may be broken off and run again: each repo moves whole or not at all, and never twice. Stop the agents that use
    the old class first, and run one migration at a time.
    """
    if dry_run and delete_old:
        raise click.UsageError("--dry-run deletes nothing")
    renamed = _renamed(names)
    url = from_url or str(click.get_current_context().params["url"])
    source, label = _open(url, prefix)
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=output.console(stderr=True),
        transient=True,
        disable=as_json or not sys.stderr.isatty(),
    )
    results: list[RepoResult] = []
    try:
        with bar:
            finding = bar.add_task("looking for old keys", total=None)
            for found in source.find():
                bar.update(finding, completed=found)
            chosen = [repo for repo in source.repos if not only or repo in only]
            migration = Migration(
                source,
                Target(memory, label),
                name_of=lambda old: renamed.get(old, repo_name(old)),
                zone=timezone.utc if times == "utc" else None,
                dry_run=dry_run,
                replace=replace,
                delete_old=delete_old,
            )
            moving = bar.add_task("moving repos", total=len(chosen))
            for repo in chosen:
                results.append(migration.move(repo))
                bar.advance(moving)
    except redis_errors.RedisError as error:
        raise exits.failure(from_redis(error)) from error
    missing = [name for name in only if name not in source.repos]
    if as_json:
        output.print_json(
            {
                "dry_run": dry_run,
                "repos": [result.as_json() for result in results],
                "skipped": [vars(skipped) for skipped in source.skipped],
                "not_found": missing,
            }
        )
    else:
        _tell(results, source.skipped, missing)
    whole = all(result.is_whole for result in results) and not source.skipped and not missing
    return exits.OK if whole else exits.NEGATIVE


def _renamed(names: Sequence[str]) -> dict[str, str]:
    renamed = {}
    for name in names:
        old, separator, new = name.rpartition("=")
        if not separator or not old or not new:
            raise click.BadParameter("must be OLD=NEW", param_hint="--map")
        renamed[old] = repo_name(new)
    return renamed


def _open(url: str, prefix: str) -> tuple[Source, str]:
    """The source, and a name for it that is the same in the next run."""
    try:
        client = Redis.from_url(url, decode_responses=False, socket_connect_timeout=5)
    except ValueError as error:
        raise click.BadParameter("no URL of a Redis server", param_hint="--from-url") from error
    where: dict[str, Any] = client.connection_pool.connection_kwargs
    place = where.get("path") or f"{where.get('host', 'localhost')}:{where.get('port', 6379)}"
    return Source(client, prefix), f"{place}/{where.get('db', 0)}/{prefix}"


def _tell(results: Sequence[RepoResult], skipped: Sequence[Skipped], missing: Sequence[str]) -> None:
    out = output.console()
    if not results and not skipped:
        out.print("No keys of the old class were found.")
    if results:
        out.print(
            output.table(
                out,
                "Repos",
                [
                    Column("repo"),
                    Column("state"),
                    Column("patterns", is_number=True, from_width=70),
                    Column("issues", is_number=True, from_width=70),
                    Column("fixes", is_number=True, from_width=70),
                    Column("sessions", is_number=True, from_width=70),
                    Column("redacted", is_number=True, from_width=90),
                    Column("left out", is_number=True),
                ],
                [
                    (
                        said(_named(result)),
                        said(result.state, "green" if result.is_whole else "red"),
                        f"{result.patterns:,}",
                        f"{result.issues:,}",
                        f"{result.fixes:,}",
                        f"{result.sessions:,}",
                        f"{result.redactions:,}",
                        f"{len(result.skipped):,}",
                    )
                    for result in results
                ],
            )
        )
    for result in results:
        if result.reason:
            out.print(said(f"{result.old_name}: {result.reason}"))
    left = [one for result in results for one in result.skipped] + list(skipped)
    for one in left[:_SHOWN]:
        out.print(said(f"left out: {one.key}{f' {one.record}' if one.record else ''}: {one.reason}"))
    if len(left) > _SHOWN:
        out.print(f"and {len(left) - _SHOWN:,} more; --json lists all")
    for name in missing:
        click.echo(f"no old repo is called {plain(name)}", err=True)


def _named(result: RepoResult) -> str:
    return result.repo if result.repo == result.old_name else f"{result.old_name} as {result.repo}"
