"""How far the job is: a moving bar for a person at a terminal, plain lines for everybody else."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars


def make_console() -> Console:
    """The console all is written to; without colours and of a fixed width where nobody sits before it."""
    if sys.stdout.isatty() and not os.environ.get("CI"):
        return Console(highlight=False)
    return Console(highlight=False, no_color=True, force_terminal=False, color_system=None, width=118)


class Stage:
    """One part of the job, while it runs."""

    def __init__(self, bars: Bars | None, task: int | None) -> None:
        self._bars, self._task = bars, task
        self.outcome = ""

    def advance(self, note: str | None = None) -> None:
        """One step further; `note` says at what."""
        if self._bars is not None:
            self._bars.advance(self._task)
            if note is not None:
                self._bars.update(self._task, note=note)


@contextmanager
def stage(console: Console, title: str, total: int | None = None) -> Iterator[Stage]:
    """Shows `title` while the body runs, then how long it took and the `outcome` the body has set."""
    started = time.monotonic()
    if console.is_terminal:
        columns = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=30)]
        if total is not None:
            columns.append(MofNCompleteColumn())
        columns += [TimeElapsedColumn(), TextColumn("[dim]{task.fields[note]}")]
        with Bars(*columns, console=console, transient=True) as bars:
            running = Stage(bars, bars.add_task(title, total=total, note=""))
            yield running
    else:
        console.print(f"    {title} …")
        running = Stage(None, None)
        yield running
    took = time.monotonic() - started
    console.print(f"    [green]done[/]  {title}: {running.outcome} [dim]({took:.1f} s)[/]", soft_wrap=True)
