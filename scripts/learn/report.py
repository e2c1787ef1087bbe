"""What the module answered, laid out for a person to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

_SEVERITY_STYLES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "dim"}
_ACTION_STYLES = {"auto": "green", "suggest": "cyan", "explore": "dim", "stop": "red"}


def show_insights(console: Console, insights: Mapping[str, Any], top: int) -> None:
    """The whole of `PATTERN.INSIGHTS`, one table per part."""
    confidence = insights["pattern_confidence_summary"]
    _show_patterns(console, insights["team_patterns"], sum(row["pattern_count"] for row in confidence.values()))
    _show_confidence(console, confidence)
    _show_issues(console, insights["issue_trends"], top)
    _show_distributions(console, insights["issue_trends"])
    _show_fixes(console, insights["fix_success_rates"], top)
    _show_sessions(console, insights["learning_analytics"])
    _show_recommendations(console, insights["recommendations"])


def show_advice(console: Console, issue_type: str, advice: Iterable[Mapping[str, Any]], top: int) -> None:
    """`FIX.ADVISE` for one type of issue."""
    table = _table(f"Which fix to use for {issue_type}", "fix type", "action", ">tries", ">success", ">95 % bounds")
    for fix in list(advice)[:top]:
        action = fix["action"]
        table.add_row(
            escape(fix["fix_type"]),
            f"[{_ACTION_STYLES.get(action, 'default')}]{escape(action)}[/]",
            _number(fix["attempts"]),
            _percent(fix["success_rate"]),
            _bounds(fix),
        )
    console.print(table)


def _show_patterns(console: Console, patterns: Sequence[Mapping[str, Any]], total: int) -> None:
    title = f"Team patterns (the {len(patterns)} most certain of {total})"
    columns = ("type", "id", ">confidence", ">uses")
    rows = [
        (
            record["pattern_type"],
            record["id"],
            _percent(record["confidence"]),
            _number(record["usage_count"]),
        )
        for record in patterns
    ]
    widths = (max(len(cell) for cell in column) for column in zip(columns, *rows, strict=True))
    room = max(30, console.width - sum(widths) - 3 * len(columns) - 2)
    table = _table(title, *columns, "what")
    for row, record in zip(rows, patterns, strict=True):
        table.add_row(*map(escape, row), escape(_describe_pattern(record["pattern_data"], room)))
    console.print(table)


def _describe_pattern(data: Mapping[str, Any], widest: int) -> str:
    if "style" in data:
        text = f"{data['about']}: {data['style']}"
        if examples := data.get("examples"):
            text += f" ({', '.join(examples)})"
    else:
        text = str(data.get("snippet", data)).strip().replace("\n", " ⏎ ")
        if "shape" in data:
            text = f"{data['shape']}: {text}"
    return text if len(text) <= widest else text[: widest - 1] + "…"


def _show_confidence(console: Console, summary: Mapping[str, Mapping[str, Any]]) -> None:
    table = _table("Confidence by type", "type", ">patterns", ">average", ">well established")
    for pattern_type, row in summary.items():
        table.add_row(
            escape(pattern_type),
            _number(row["pattern_count"]),
            _percent(row["avg_confidence"]),
            _number(row["high_confidence_count"]),
        )
    console.print(table)


def _show_issues(console: Console, trends: Mapping[str, Any], top: int) -> None:
    issues = trends["trending_issues"]
    table = _table(
        f"Trending issues (the first {min(top, len(issues))} of {_number(trends['total_patterns'])})",
        "type",
        "rule",
        "severity",
        ">seen",
        ">score",
        ">a day, 3 / 30 d",
        "burst",
    )
    for issue in issues[:top]:
        severity = issue["severity"]
        table.add_row(
            escape(issue["issue_type"]),
            escape(issue["issue_rule"]),
            f"[{_SEVERITY_STYLES.get(severity, 'default')}]{escape(severity)}[/]",
            _number(issue["frequency"]),
            f"{issue['trend_score']:,.1f}",
            f"{issue['fast_rate']:,.1f} / {issue['slow_rate']:,.1f}",
            "yes" if issue["burst"] else "",
        )
    console.print(table)


def _show_distributions(console: Console, trends: Mapping[str, Any]) -> None:
    for title, key in (("Occurrences by type", "issue_distribution"), ("by severity", "severity_distribution")):
        counts = sorted(trends[key].items(), key=lambda item: -item[1])
        total = sum(count for _, count in counts)
        if not total:
            continue
        table = _table(title, "what", ">seen", "share")
        for name, count in counts:
            bar = "█" * round(40 * count / counts[0][1])
            table.add_row(escape(name), _number(count), f"{bar:40} {count / total:.1%}")
        console.print(table)


def _show_fixes(console: Console, rates: Mapping[str, Mapping[str, Any]], top: int) -> None:
    ranked = sorted(rates.items(), key=lambda item: (-item[1]["success_low"], -item[1]["total_attempts"], item[0]))
    shown = ranked if len(ranked) <= 2 * top else ranked[:top] + ranked[-top:]
    title = f"Fixes really tried ({len(ranked)} kinds"
    title += ")" if shown == ranked else f", the {top} best and the {top} worst shown)"
    table = _table(title, "fix type", ">tries", ">worked", ">success", ">95 % bounds", ">recent", ">feedback")
    for place, (fix_type, row) in enumerate(shown):
        table.add_row(
            escape(fix_type),
            _number(row["total_attempts"]),
            _number(row["successful_fixes"]),
            _percent(row["success_rate"]),
            _bounds(row),
            _percent(row["recent_success_rate"]),
            "" if row["avg_feedback"] is None else f"{row['avg_feedback']:+.2f}",
            end_section=shown is not ranked and place == top - 1,
        )
    console.print(table)


def _show_sessions(console: Console, analytics: Mapping[str, Any]) -> None:
    table = _table("Learning sessions", "type", ">sessions", ">patterns learned", ">insights generated")
    for session_type, row in analytics["session_breakdown"].items():
        table.add_row(
            escape(session_type),
            _number(row["session_count"]),
            _number(row["patterns_learned"]),
            _number(row["insights_generated"]),
        )
    console.print(table)


def _show_recommendations(console: Console, recommendations: Iterable[Any]) -> None:
    console.print("\n[bold]Recommendations[/]")
    lines = Table.grid(padding=(0, 1))
    lines.add_column(justify="right")
    lines.add_column()
    for number, recommendation in enumerate(recommendations, 1):
        lines.add_row(f"{number}.", escape(str(recommendation)))
    console.print(lines)


def _table(title: str, *columns: str) -> Table:
    """A table; a `>` before a column's name aligns it right."""
    table = Table(title=f"\n[bold]{escape(title)}[/]", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        is_number = column.startswith(">")
        table.add_column(
            column.lstrip(">"),
            justify="right" if is_number else "left",
            no_wrap=True,
        )
    return table


def _bounds(row: Mapping[str, Any]) -> str:
    return f"{_percent(row['success_low'])} … {_percent(row['success_high'])}"


def _percent(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.0%}"


def _number(count: float) -> str:
    return f"{count:,}"
