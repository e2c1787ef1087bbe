"""`pattern-memory watch`: trends as they change."""

from __future__ import annotations

import sys
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from pattern_memory import ServerUnreachable, TryAgain

from . import exits, output
from .options import chosen_repo, days_option, repo_argument, server_options, top_option
from .output import plain, said
from .reading import trends_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pattern_memory import Memory, Repo
    from pattern_memory.documents import IssueTrends


@click.command(short_help="Watch trends as they change.")
@repo_argument
@days_option
@top_option
@click.option(
    "--every", type=click.FloatRange(0.1, 3_600), default=2.0, show_default=True, help="Seconds between looks."
)
@click.option("--looks", type=click.IntRange(1), help="End after so many looks.")
@server_options
def watch(memory: Memory, repo: str | None, days: int, top: int, every: float, looks: int | None, as_json: bool) -> int:
    """Show the issues that trend, again and again, until Ctrl-C.

    What came since the look before is marked. Outside a terminal, and with --json, each look is written below the one
    before; as JSON it is one line.
    """
    chosen = chosen_repo(memory, repo)
    view = _View(chosen, days, top)
    try:
        if as_json:
            for _ in _looks(looks, every):
                output.print_json(chosen.issue_trends(days=days, top=top))
        else:
            _show(view, looks, every)
    except KeyboardInterrupt:
        pass
    return exits.OK


def _show(view: _View, looks: int | None, every: float) -> None:
    out = output.console()
    if not out.is_terminal:
        for _ in _looks(looks, every):
            out.print(view.look(out))
        return
    with Live(view.look(out), console=out, screen=looks is None, auto_refresh=False, vertical_overflow="crop") as live:
        rounds = _looks(looks, every)
        next(rounds, None)
        for _ in rounds:
            live.update(view.look(out), refresh=True)


class _View:
    """What the last look saw."""

    def __init__(self, repo: Repo, days: int, top: int) -> None:
        self._repo, self._days, self._top = repo, days, top
        self._seen: dict[tuple[str, str], int] = {}
        self._first = True

    def look(self, out: Console) -> RenderableType:
        """One look. A server that is away does not end it, unless it was never there."""
        now = datetime.now(timezone.utc).strftime("%H:%M:%S UTC")
        head = Text.assemble((plain(self._repo.name), "bold cyan"), f", the last {self._days} days, at {now}")
        try:
            found = self._repo.issue_trends(days=self._days, top=self._top)
        except (ServerUnreachable, TryAgain) as error:
            if self._first:
                raise
            return Group(head, said(f"waiting: {error}", "red"))
        changed = self._changes(found)
        self._first = False
        if not found["trending_issues"]:
            return Group(head, said("No issues are known yet."))
        total = sum(found["severity_distribution"].values())
        spread = said(
            f"{total:,} findings, {found['total_patterns']:,} issues" + (f"; new: {changed}" if changed else "")
        )
        return Group(head, trends_table(out, found), spread)

    def _changes(self, found: IssueTrends) -> str:
        before, self._seen = (
            self._seen,
            {(issue["issue_type"], issue["issue_rule"]): issue["frequency"] for issue in found["trending_issues"]},
        )
        if self._first:
            return ""
        more = [(name[1], n - before.get(name, 0)) for name, n in self._seen.items() if n > before.get(name, 0)]
        return ", ".join(f"{rule} +{n:,}" for rule, n in more)


def _looks(most: int | None, every: float) -> Iterator[int]:
    done = 0
    while True:
        yield done
        done += 1
        if most is not None and done >= most:
            return
        sys.stdout.flush()
        time.sleep(every)
