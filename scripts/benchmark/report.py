"""The results, laid out for a person to read."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .results import Curve, Results, Row


def show(console: Console, results: Results) -> None:
    """All tables."""
    _show_costs(console, results)
    for of in ("issues", "patterns"):
        _show_curves(console, of, [curve for curve in results.curves if curve.of == of])
    _show_memory(console, results)
    _show_rows(console, results.rows)


def _show_costs(console: Console, results: Results) -> None:
    table = _table(
        "What a call costs (CPU of the main thread, p50 and p99 in the server: us; AOF: bytes)",
        *("work", "contender", ">CPU", ">p50", ">p99", ">calls/s", ">AOF"),
    )
    last = None
    for cost in results.costs:
        table.add_row(
            escape(cost.work) if cost.work != last else "",
            escape(cost.contender),
            *map(_number, (cost.cpu, cost.p50, cost.p99)),
            "" if cost.calls_per_second is None else f"{cost.calls_per_second:,.0f}",
            "" if cost.aof_bytes is None else f"{cost.aof_bytes:,.0f}",
        )
        last = cost.work
    console.print(table)


def _show_curves(console: Console, of: str, curves: list[Curve]) -> None:
    if not curves:
        return
    sizes = list(curves[0].points)
    table = _table(f"Reads by the number of {of} (us of CPU a call)", "read", *(f">{n:,}" for n in sizes))
    for curve in curves:
        table.add_row(escape(curve.read), *(_number(curve.points[size]) for size in sizes))
    console.print(table)


def _show_memory(console: Console, results: Results) -> None:
    table = _table("Memory of 1,000 small patterns with index and history", "layout", ">MB")
    for layout, size in results.memory.items():
        table.add_row(escape(layout), f"{size / 1e6:.2f}")
    console.print(table)


def _show_rows(console: Console, rows: list[Row]) -> None:
    table = _table(
        "The bars (the ratio is the median of the rounds)",
        *("work", "against", ">module", ">other", ">ratio", ">quartiles", ">bar", "holds"),
    )
    for row in rows:
        sign = "≥" if row.at_least else "≤"
        table.add_row(
            escape(row.work),
            escape(row.against),
            row.ours,
            row.theirs,
            _ratio(row.value.median),
            "" if row.value.low == row.value.high else f"{_ratio(row.value.low)}…{_ratio(row.value.high)}",
            f"{sign} {row.bar:g}{row.unit}",
            "[green]yes[/]" if row.holds else "[bold red]NO[/]",
        )
    console.print(table)
    missed = [row for row in rows if not row.holds]
    if missed:
        console.print(f"[bold red]{len(missed)} of {len(rows)} bars are missed.[/]")
    else:
        console.print(f"[bold green]All {len(rows)} bars hold.[/]")


def _ratio(value: float) -> str:
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def _table(title: str, *columns: str) -> Table:
    """A table; a `>` before a column's name aligns it right."""
    table = Table(title=f"\n[bold]{escape(title)}[/]", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        is_number = column.startswith(">")
        table.add_column(column.lstrip(">"), justify="right" if is_number else "left", no_wrap=True)
    return table
