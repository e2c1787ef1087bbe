"""`pattern-memory report`: a page about a repo."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pattern_memory.report import collect, render

from . import exits, output
from .options import chosen_repo, days_option, repo_argument, server_options, top_option
from .output import plain

if TYPE_CHECKING:
    from pattern_memory import Memory


@click.command(short_help="A page with charts about a repo.")
@repo_argument
@click.option(
    "-o",
    "--output",
    "path",
    default="report.html",
    show_default=True,
    type=click.Path(dir_okay=False, allow_dash=True),
    help="Where to write it; - is the standard output.",
)
@days_option
@top_option
@server_options
def report(memory: Memory, repo: str | None, path: str, days: int, top: int, as_json: bool) -> None:
    """Write a page about a repo: one HTML file with charts and tables, for light and dark, wide windows and phones.

    It holds no script and asks nothing of the network, so it can be mailed, archived, or published by a CI job.
    """
    if as_json and path == "-":
        raise click.UsageError("--json and -o - would both write to the standard output")
    findings = collect(chosen_repo(memory, repo), days, top)
    page = render(findings)
    if path == "-":
        click.echo(page.encode())
        return
    try:
        _write(Path(path), page)
    except OSError as error:
        raise exits.Negative(f"cannot write {plain(path)}: {error.strerror}") from error
    if as_json:
        output.print_json({"repo": findings.repo, "report": str(Path(path).resolve()), "empty": findings.is_empty})
        return
    what = (
        "nothing is known of it yet" if findings.is_empty else f"{findings.history['total']:,} findings in {days} days"
    )
    click.echo(f"{plain(path)}: {plain(findings.repo)}, {what}")


def _write(path: Path, page: str) -> None:
    """At once: whoever looks sees the old page or the new one."""
    if path.exists() and not path.is_file():
        path.write_text(page, "utf-8")  # /dev/stdout and the like
        return
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(page)
        mask = os.umask(0)
        os.umask(mask)
        Path(temporary).chmod(0o666 & ~mask)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
