"""The commands that show what is known: `insights`, `trends`, `history`, `patterns`, `advise`, `repos`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from . import exits, output
from .options import chosen_repo, days_option, repo_argument, server_options, top_option
from .output import Column, plain, said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console
    from rich.table import Table

    from pattern_memory import Memory
    from pattern_memory.documents import Advice, Day, FixRate, Insights, IssueTrends, Pattern

_BAR = 30
_PREVIEW = 200


@click.command(short_help="Everything known of a repo, and what to do.")
@repo_argument
@days_option
@top_option
@server_options
def insights(memory: Memory, repo: str | None, days: int, top: int, as_json: bool) -> None:
    """Show everything that is known of a repo, and what to do about it."""
    chosen = chosen_repo(memory, repo)
    found = chosen.insights(days=days, top=top)
    if as_json:
        output.print_json(found)
        return
    out = output.console()
    out.print(Text.assemble(("Insights into ", "bold"), (plain(chosen.name), "bold cyan"), f", {_window(days)}"))
    if _is_empty(found):
        out.print(said("Nothing is known of it yet: bring in a report by 'pattern-memory ingest'."))
        return
    _print_recommendations(out, found["recommendations"])
    if found["issue_trends"]["trending_issues"]:
        out.print(trends_table(out, found["issue_trends"]))
    if found["team_patterns"]:
        out.print(_patterns_table(out, found["team_patterns"]))
    if found["fix_success_rates"]:
        out.print(_rates_table(out, found["fix_success_rates"]))
    sums = found["learning_analytics"]["session_breakdown"]
    if sums:
        out.print(_sessions_table(out, sums))


@click.command(short_help="The issues that trend.")
@repo_argument
@days_option
@top_option
@click.option("--type", "issue_type", metavar="TYPE", help="Only issues of this type.")
@click.option("--severity", metavar="SEVERITY", help="Only issues of this severity.")
@server_options
def trends(
    memory: Memory,
    repo: str | None,
    days: int,
    top: int,
    issue_type: str | None,
    severity: str | None,
    as_json: bool,
) -> None:
    """Show the issues that trend, the hottest first, and how findings are spread over severities."""
    chosen = chosen_repo(memory, repo)
    found = chosen.issue_trends(days=days, top=top, type=issue_type, severity=severity)
    if as_json:
        output.print_json(found)
        return
    out = output.console()
    if not found["trending_issues"]:
        out.print(said(f"No issues are known of {chosen.name}."))
        return
    out.print(trends_table(out, found))
    out.print(_spread(found["severity_distribution"], days))


@click.command(short_help="Findings by day.")
@repo_argument
@days_option
@click.option("--type", "issue_type", metavar="TYPE", help="Only issues of this type.")
@click.option("--severity", metavar="SEVERITY", help="Only issues of this severity.")
@server_options
def history(
    memory: Memory, repo: str | None, days: int, issue_type: str | None, severity: str | None, as_json: bool
) -> None:
    """Show how many findings were counted each day, and how bad they were."""
    chosen = chosen_repo(memory, repo)
    found = chosen.issue_history(days=days, type=issue_type, severity=severity)
    if as_json:
        output.print_json(found)
        return
    out = output.console()
    if not found["total"]:
        out.print(said(f"No findings were counted in {chosen.name}, {_window(days)}."))
        return
    out.print(_history_table(out, found["days"]))
    out.print(said(f"{found['total']:,} findings, {_window(days)}"))


@click.command(short_help="The patterns a team uses.")
@repo_argument
@click.option("--type", "pattern_type", metavar="TYPE", help="Only patterns of this type.")
@click.option("--min-confidence", type=click.FloatRange(0, 1), help="Only those that are at least as sure.")
@top_option
@server_options
def patterns(
    memory: Memory,
    repo: str | None,
    pattern_type: str | None,
    min_confidence: float | None,
    top: int,
    as_json: bool,
) -> None:
    """Show the patterns that a team uses, the surest first."""
    chosen = chosen_repo(memory, repo)
    found = chosen.list_patterns(pattern_type, min_confidence=min_confidence, count=top)
    if as_json:
        output.print_json(found)
        return
    out = output.console()
    if not found:
        out.print(said(f"No such patterns are known of {chosen.name}."))
        return
    out.print(_patterns_table(out, found))


@click.command(short_help="Which fix to use against a type of issue.")
@click.argument("issue_type", metavar="ISSUE_TYPE")
@repo_argument
@click.option("--auto", type=click.FloatRange(0, 1), help="Lower bound from which on to fix without asking [0.9].")
@click.option("--stop", type=click.FloatRange(0, 1), help="Upper bound below which to stop using a fix [0.5].")
@server_options
def advise(
    memory: Memory, issue_type: str, repo: str | None, auto: float | None, stop: float | None, as_json: bool
) -> int:
    """Say which fixes to use against a type of issue, by how they fared.

    Ends with 1 where there is none to use: nothing was tried, or what was tried is to be explored or stopped.
    """
    chosen = chosen_repo(memory, repo)
    found = chosen.advise(issue_type, auto=auto, stop=stop)
    if as_json:
        output.print_json(found)
    else:
        out = output.console()
        if found:
            out.print(_advice_table(out, issue_type, found))
        else:
            out.print(said(f"No fix was tried against {issue_type} in {chosen.name}."))
    return exits.OK if any(advice["action"] in {"auto", "suggest"} for advice in found) else exits.NEGATIVE


@click.command(short_help="The repos on the server.")
@click.argument("match", required=False, metavar="[GLOB]")
@server_options
def repos(memory: Memory, match: str | None, as_json: bool) -> None:
    """List the repos that the server holds and you may read; with GLOB only those that match it."""
    names = sorted(memory.repos(match))
    if as_json:
        output.print_json(names)
        return
    for name in names:
        click.echo(plain(name))


def trends_table(out: Console, found: IssueTrends) -> Table:
    """The trending issues."""
    return output.table(
        out,
        "What trends",
        [
            Column("rule"),
            Column("type", from_width=50),
            Column("severity"),
            Column("trend", is_number=True),
            Column("/day, lately", is_number=True, from_width=80),
            Column("/day, 30 days", is_number=True, from_width=100),
            Column("ever", is_number=True),
            Column("last seen", from_width=110),
        ],
        [
            (
                Text.assemble(said(issue["issue_rule"]), (" burst", "bold red") if issue["burst"] else ""),
                said(issue["issue_type"]),
                output.severity(issue["severity"]),
                f"{issue['trend_score']:.2f}",
                f"{issue['fast_rate']:.2f}",
                f"{issue['slow_rate']:.2f}",
                f"{issue['frequency']:,}",
                output.moment(issue["last_seen"]),
            )
            for issue in found["trending_issues"]
        ],
    )


def _patterns_table(out: Console, found: Sequence[Pattern]) -> Table:
    return output.table(
        out,
        "Patterns",
        [
            Column("pattern"),
            Column("id", from_width=60),
            Column("confidence", is_number=True),
            Column("uses", is_number=True, from_width=70),
            Column("what it says", from_width=100),
            Column("changed", from_width=130),
        ],
        [
            (
                said(pattern["pattern_type"]),
                said(pattern["id"], "dim"),
                said(f"{pattern['confidence']:.2f}", _sureness(pattern["confidence"])),
                f"{pattern['usage_count']:,}",
                said(_preview(pattern["pattern_data"]), "dim"),
                output.moment(pattern["updated_at"]),
            )
            for pattern in found
        ],
    )


def _bounds(of: FixRate | Advice) -> str:
    return f"{of['success_low']:.0%} to {of['success_high']:.0%}"


def _feedback(of: FixRate | Advice) -> str:
    return "" if of["avg_feedback"] is None else f"{of['avg_feedback']:+.2f}"


def _rates_table(out: Console, rates: Mapping[str, FixRate]) -> Table:
    return output.table(
        out,
        "How fixes fare",
        [
            Column("fix"),
            Column("worked", is_number=True),
            Column("bounds", is_number=True, from_width=50),
            Column("attempts", is_number=True),
            Column("lately", is_number=True, from_width=80),
            Column("feedback", is_number=True, from_width=80),
            Column("last tried", from_width=100),
        ],
        [
            (
                said(fix_type),
                f"{rate['success_rate']:.0%}",
                _bounds(rate),
                f"{rate['total_attempts']:,}",
                f"{rate['recent_success_rate']:.0%}",
                _feedback(rate),
                output.moment(rate["last_applied_at"]),
            )
            for fix_type, rate in sorted(rates.items(), key=lambda item: -item[1]["total_attempts"])
        ],
    )


def _advice_table(out: Console, issue_type: str, found: Sequence[Advice]) -> Table:
    return output.table(
        out,
        f"Fixes against {plain(issue_type)}",
        [
            Column("fix"),
            Column("do"),
            Column("worked", is_number=True),
            Column("bounds", is_number=True, from_width=50),
            Column("attempts", is_number=True),
            Column("feedback", is_number=True, from_width=70),
        ],
        [
            (
                said(advice["fix_type"]),
                output.action(advice["action"]),
                f"{advice['success_rate']:.0%}",
                _bounds(advice),
                f"{advice['attempts']:,}",
                _feedback(advice),
            )
            for advice in found
        ],
    )


def _sessions_table(out: Console, sums: Mapping[str, Any]) -> Table:
    return output.table(
        out,
        "Sessions",
        [
            Column("type"),
            Column("sessions", is_number=True),
            Column("patterns learned", is_number=True),
            Column("insights", is_number=True),
        ],
        [
            (said(name), f"{of['session_count']:,}", f"{of['patterns_learned']:,}", f"{of['insights_generated']:,}")
            for name, of in sorted(sums.items())
        ],
    )


def _history_table(out: Console, days: Sequence[Day]) -> Table:
    most = max(day["total"] for day in days)
    return output.table(
        out,
        "Findings by day",
        [
            Column("day"),
            Column("findings", is_number=True),
            Column("", from_width=60),
            Column("of which", from_width=90),
        ],
        [
            (
                day["date"],
                f"{day['total']:,}",
                said("█" * round(_BAR * day["total"] / most) or ("▏" if day["total"] else ""), "blue"),
                _severities(day["by_severity"]),
            )
            for day in days
        ],
    )


def _severities(counts: Mapping[str, int]) -> Text:
    line = Text()
    for severity, n in sorted(counts.items(), key=lambda item: -item[1]):
        if line:
            line.append(", ")
        line.append(f"{n:,} ").append_text(output.severity(severity))
    return line


def _spread(counts: Mapping[str, int], days: int) -> Text:
    total = sum(counts.values())
    if not total:
        return said(f"No findings, {_window(days)}.")
    return Text.assemble(f"{total:,} findings, {_window(days)}: ", _severities(counts))


def _print_recommendations(out: Console, recommendations: Sequence[str]) -> None:
    if recommendations:
        out.print()
        out.print("[bold]What to do[/]")
        for i, recommendation in enumerate(recommendations, 1):
            out.print(Text.assemble((f"{i}. ", "bold"), said(recommendation)))


def _is_empty(found: Insights) -> bool:
    trends = found["issue_trends"]
    return not (
        found["team_patterns"]
        or trends["trending_issues"]
        or found["fix_success_rates"]
        or found["learning_analytics"]["total_sessions"]
    )


def _sureness(confidence: float) -> str:
    return "green" if confidence >= 0.8 else "yellow" if confidence < 0.6 else ""


def _preview(data: object) -> str:
    text = json.dumps(data, ensure_ascii=False)
    return text if len(text) <= _PREVIEW else f"{text[: _PREVIEW - 1]}…"


def _window(days: int) -> str:
    return "today" if days == 1 else f"the last {days} days"
