"""`pattern-memory ingest`: what a linter found, into the memory."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from pattern_memory import InvalidArgument
from pattern_memory.sarif import Report, SarifError, read_report

from . import exits, output
from .options import chosen_repo, complete_repos, server_options
from .output import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pattern_memory import Memory, Repo

_STDIN = "-"
_EXAMPLE = "As in: ruff check --output-format sarif . | pattern-memory ingest -"


@click.command(short_help="Count what linters found (SARIF).", epilog=_EXAMPLE)
@click.argument("reports", nargs=-1, required=True, metavar="REPORT...", type=click.Path(allow_dash=True))
@click.option("--repo", metavar="REPO", shell_complete=complete_repos, help="The repo that was looked at.")
@click.option(
    "--type", "issue_type", metavar="TYPE", help="The type of all issues, instead of what rules and tool say."
)
@click.option("--suppressed", is_flag=True, help="Count findings that somebody has silenced, too.")
@click.option("--dry-run", is_flag=True, help="Only say what would be counted.")
@server_options
def ingest(
    memory: Memory,
    reports: Sequence[str],
    repo: str | None,
    issue_type: str | None,
    suppressed: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Count the findings in reports of linters: SARIF 2.1, as ruff, clippy-sarif, ESLint, Semgrep and CodeQL write it.

    A REPORT of - is read from the standard input. Each report is counted by one command, all of it or nothing. A report
    that cannot be read is named, the others are counted, and the exit code is 1.

    Every report counts as a run of its own: who ingests the same one twice has counted its findings twice.
    """
    if reports.count(_STDIN) > 1:
        raise click.UsageError("the standard input (-) can be read only once")
    chosen = chosen_repo(memory, repo)
    results: list[dict[str, Any]] = []
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=output.console(stderr=True),
        transient=True,
    )
    shows_progress = len(reports) > 1 and not as_json and sys.stderr.isatty()
    with bar if shows_progress else _Nothing():
        task = bar.add_task("reports", total=len(reports))
        for name in reports:
            results.append(_take_in(chosen, name, issue_type, suppressed, dry_run))
            bar.advance(task)
    if as_json:
        output.print_json({"repo": chosen.name, "dry_run": dry_run, "reports": results})
    else:
        _tell(chosen.name, results, dry_run)
    return exits.NEGATIVE if any(result["error"] for result in results) else exits.OK


def _take_in(repo: Repo, name: str, issue_type: str | None, suppressed: bool, dry_run: bool) -> dict[str, Any]:
    report, error = Report(), None
    try:
        report = read_report(_read(name), with_suppressed=suppressed, issue_type=issue_type)
        issues = sorted((kind, rule, severity, n) for (kind, rule, severity), n in report.counts.items())
        if issues and not dry_run:
            repo.track_issues(issues)
    except OSError as problem:
        error = f"cannot be read: {problem.strerror or type(problem).__name__}"
    except SarifError as problem:
        error = str(problem)
    except InvalidArgument as problem:
        error = f"the server refuses it, and has counted nothing of it: {problem}"
    severities: dict[str, int] = {}
    for (_, _, severity), n in report.counts.items():
        severities[severity] = severities.get(severity, 0) + n
    return {
        "report": name,
        "tools": report.tools,
        "findings": 0 if error else report.findings,
        "issues": 0 if error else len(report.counts),
        "by_severity": {} if error else severities,
        "suppressed": report.suppressed,
        "no_findings": report.no_findings,
        "unusable": report.unusable,
        "failed_runs": report.failed_runs,
        "error": error,
    }


def _read(name: str) -> bytes:
    return sys.stdin.buffer.read() if name == _STDIN else Path(name).read_bytes()


def _tell(repo: str, results: Sequence[dict[str, Any]], dry_run: bool) -> None:
    for result in results:
        name = plain("standard input" if result["report"] == _STDIN else result["report"])
        if result["error"]:
            click.echo(f"{name}: {result['error']}", err=True)
            continue
        tools = ", ".join(map(plain, result["tools"])) or "no tool"
        click.echo(f"{name}: {_many(result['findings'], 'finding')} of {_many(result['issues'], 'issue')} ({tools})")
        for n, what in (
            (result["suppressed"], "silenced, left out (--suppressed counts them)"),
            (result["no_findings"], "no findings: passed, not applicable or gone"),
            (result["unusable"], "with a rule or type that is no name the server takes, left out"),
        ):
            if n:
                click.echo(f"    {n:,} {what}")
        if result["failed_runs"]:
            click.echo("    the tool says that it did not get to the end of its work", err=True)
    taken = sum(result["findings"] for result in results)
    if any(not result["error"] for result in results):
        verb = "would be counted" if dry_run else "counted"
        click.echo(f"{_many(taken, 'finding')} {verb} in {plain(repo)}")


def _many(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


class _Nothing:
    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None
