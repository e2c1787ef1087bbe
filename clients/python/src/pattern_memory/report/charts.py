"""The charts of the page. Each is drawn twice, for a wide window and for a phone; the style sheet shows one of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from .svg import canvas, element, fit, line, text, ticks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from markupsafe import Markup

    from pattern_memory.documents import FixRate, Pattern

    from .periods import Period

_WIDE, _NARROW = 720.0, 328.0
_MOST_ROWS = 12
SEVERITIES = ("critical", "high", "medium", "low", "info")


@dataclass(frozen=True)
class Series:
    """One colour of a chart with bars by day."""

    name: str
    class_: str
    values: Sequence[int]


@dataclass(frozen=True)
class Row:
    """A row of a chart from 0 to 1. `draw` is given where values lie on the axis, and the middle of the row."""

    name: str
    value: str
    draw: Callable[[Callable[[float], float], float], list[Markup]]


def severity_class(severity: str) -> str:
    """The class that colours a severity; those that are not of the usual five share one."""
    return severity.lower() if severity.lower() in SEVERITIES else "other"


def severities_of(periods: Sequence[Period]) -> list[str]:
    """The severities that occur, the worst first, unusual ones at the end."""
    found = {severity for period in periods for severity in period.findings}
    known = {severity: place for place, severity in enumerate(SEVERITIES)}
    return sorted(found, key=lambda severity: (known.get(severity.lower(), len(known)), severity))


def findings(periods: Sequence[Period], per: str) -> Markup:
    """Occurrences of issues a day (or week ...), stacked by severity."""
    series = [
        Series(severity, severity_class(severity), [period.findings[severity] for period in periods])
        for severity in severities_of(periods)
    ]
    total = sum(period.total for period in periods)
    peak = max(periods, key=lambda period: period.total)
    description = f"{total:,} findings since {periods[0].date}; most per {per}, {peak.total:,}, from {peak.date} on."
    return _both(partial(_stacked, "findings", periods, series, (f"Findings per {per}, by severity", description)))


def sessions(periods: Sequence[Period], per: str) -> Markup:
    """What sessions brought."""
    series = [
        Series("patterns learned", "learned", [period.patterns for period in periods]),
        Series("insights generated", "insight", [period.insights for period in periods]),
    ]
    n = sum(period.sessions for period in periods)
    learned, insights = sum(period.patterns for period in periods), sum(period.insights for period in periods)
    description = f"{n:,} sessions brought {learned:,} patterns and {insights:,} insights since {periods[0].date}."
    return _both(partial(_stacked, "sessions", periods, series, (f"What sessions brought per {per}", description)))


def confidence(patterns: Sequence[Pattern]) -> Markup:
    """How sure we are of each pattern, with the marks below which to review and above which to enforce."""
    shown = patterns[:_MOST_ROWS]
    established = sum(pattern["confidence"] >= 0.8 for pattern in patterns)
    doubtful = sum(pattern["confidence"] < 0.6 for pattern in patterns)
    description = (
        f"Of {len(patterns):,} patterns {established:,} are well established (0.8 or more) "
        f"and {doubtful:,} need review (below 0.6)."
    )

    def row(pattern: Pattern, x: Callable[[float], float], y: float) -> list[Markup]:
        value = pattern["confidence"]
        level = "sure" if value >= 0.8 else "doubtful" if value < 0.6 else "likely"
        said = element("title", f"{_pattern_name(pattern)}: {value:.2f}")
        return [
            element("rect", x=x(0), y=y - 4, width=x(1) - x(0), height=8, rx=4, class_="track"),
            element("rect", said, x=x(0), y=y - 4, width=max(2.0, x(value) - x(0)), height=8, rx=4, class_=level),
        ]

    rows = [Row(_pattern_name(pattern), f"{pattern['confidence']:.2f}", partial(row, pattern)) for pattern in shown]
    marks = {0.0: "0", 0.6: "0.6", 0.8: "0.8", 1.0: "1"}
    return _both(partial(_ranges, "confidence", rows, marks, ("Confidence of patterns", description)))


def fix_success(rates: Mapping[str, FixRate]) -> Markup:
    """The rate of success of each type of fix, with its bounds."""
    ordered = sorted(rates.items(), key=lambda item: (-item[1]["total_attempts"], item[0]))[:_MOST_ROWS]
    attempts = sum(rate["total_attempts"] for rate in rates.values())
    description = (
        f"{len(rates):,} types of fixes, {attempts:,} attempts. The bar is where the true rate lies with "
        "95 % certainty (Wilson bounds on recent outcomes), the dot the rate over all attempts."
    )

    def row(fix_type: str, rate: FixRate, x: Callable[[float], float], y: float) -> list[Markup]:
        low, high, point = rate["success_low"], rate["success_high"], rate["success_rate"]
        said = element("title", f"{fix_type}: {point:.0%}, bounds {low:.0%} to {high:.0%}, {_tries(rate)}")
        return [
            element("rect", x=x(0), y=y - 1, width=x(1) - x(0), height=2, class_="track"),
            element(
                "rect",
                said,
                x=x(low),
                y=y - 5,
                width=max(2.0, x(high) - x(low)),
                height=10,
                rx=5,
                class_="likely range",
            ),
            element("circle", cx=x(point), cy=y, r=4.5, class_="point"),
        ]

    rows = [
        Row(fix_type, f"{rate['success_rate']:.0%} of {rate['total_attempts']:,}", partial(row, fix_type, rate))
        for fix_type, rate in ordered
    ]
    marks = {0.0: "0 %", 0.5: "50 %", 0.9: "90 %", 1.0: ""}
    return _both(partial(_ranges, "fixes", rows, marks, ("Success of fixes, with bounds", description)))


def sparkline(points: Sequence[float], label: str) -> Markup:
    """A confidence over its changes, in steps, as small as a word."""
    width, height = 96.0, 24.0
    step = (width - 6) / max(1, len(points) - 1)
    path = f"M{3:.1f} {_spark_y(points[0], height):.1f}"
    for i, point in enumerate(points[1:], 1):
        path += f"H{3 + step * i:.1f}V{_spark_y(point, height):.1f}"
    return element(
        "svg",
        element("title", label),
        element("path", d=path, class_="spark"),
        element("circle", cx=3 + step * (len(points) - 1), cy=_spark_y(points[-1], height), r=2.5, class_="spark-end"),
        class_="sparkline",
        viewBox=f"0 0 {width:g} {height:g}",
        width=width,
        height=height,
        role="img",
    )


def _spark_y(value: float, height: float) -> float:
    return 3 + (height - 6) * (1 - value)


def _both(draw: Callable[[float, bool], Markup]) -> Markup:
    return draw(_WIDE, False) + draw(_NARROW, True)


def _stacked(
    name: str,
    periods: Sequence[Period],
    series: Sequence[Series],
    said: tuple[str, str],
    width: float,
    is_narrow: bool,
) -> Markup:
    """Bars, each a stack, one for each period."""
    height = 200.0 if is_narrow else 240.0
    left, right, top, bottom = 40.0, 4.0, 10.0, 24.0
    dates = [period.date for period in periods]
    totals = [sum(values) for values in zip(*(one.values for one in series))]
    marks = ticks(max(totals, default=0))
    floor, room = height - bottom, height - bottom - top
    slot = (width - left - right) / len(dates)
    bar = max(1.0, min(28.0, slot * 0.76))
    parts = []
    for mark in marks:
        y = floor - room * mark / marks[-1]
        parts.append(line(left, y, width - right, y, "axis" if mark == 0 else "grid"))
        parts.append(text(left - 6, y + 4, _short(mark), anchor="end"))
    for i, date in enumerate(dates):
        x = left + slot * i + (slot - bar) / 2
        y = floor
        # From the least severe up, so that what is worst is on top.
        for one in reversed(series):
            n = one.values[i]
            if n:
                tall = room * n / marks[-1]
                y -= tall
                tip = element("title", f"{date}: {n:,} {one.name}")
                parts.append(element("rect", tip, x=x, y=y, width=bar, height=tall, class_=f"bar {one.class_}"))
    for i in _labelled(len(dates), 4 if is_narrow else 7):
        is_last = i == len(dates) - 1 and len(dates) > 1
        x = width - right if is_last else left + slot * (i + 0.5)
        parts.append(text(x, height - 6, _day(dates[i]), anchor="end" if is_last else "middle"))
    return _canvas(name, width, height, said, parts, is_narrow)


def _ranges(
    name: str, rows: Sequence[Row], marks: Mapping[float, str], said: tuple[str, str], width: float, is_narrow: bool
) -> Markup:
    """Rows over an axis from 0 to 1. In a narrow chart each name stands above its row."""
    name_width, value_width = (0.0, 0.0) if is_narrow else (220.0, 84.0)
    tall, top, bottom = (44.0, 6.0, 22.0) if is_narrow else (28.0, 6.0, 22.0)
    left, right = name_width + 8, width - value_width - 8
    height = top + tall * len(rows) + bottom

    def x(value: float) -> float:
        return left + (right - left) * value

    parts = []
    for mark, label in marks.items():
        parts.append(line(x(mark), top, x(mark), height - bottom, "axis" if mark == 0 else "grid"))
        parts.append(text(x(mark), height - 6, label, anchor="start" if mark == 0 and is_narrow else "middle"))
    for i, row in enumerate(rows):
        y = top + tall * i + (32.0 if is_narrow else tall / 2)
        if is_narrow:
            parts.append(text(left + 4, y - 12, fit(row.name, right - left - 90), "label strong"))
            parts.append(text(right, y - 12, row.value, anchor="end"))
        else:
            parts.append(text(name_width - 4, y + 4, fit(row.name, name_width - 8), "label strong", "end"))
            parts.append(text(right + 10, y + 4, row.value))
        parts += row.draw(x, y)
    return _canvas(name, width, height, said, parts, is_narrow)


def _canvas(
    name: str, width: float, height: float, said: tuple[str, str], parts: list[Markup], is_narrow: bool
) -> Markup:
    size = "narrow" if is_narrow else "wide"
    return canvas(width, height, f"{name}-{size}", *said, parts, f"chart {size}")


def _labelled(count: int, most: int) -> list[int]:
    """Which of so many days are named below the axis: evenly, the last one among them."""
    if count <= most:
        return list(range(count))
    step = -(-count // most)
    return sorted(range(count - 1, -1, -step))


def _pattern_name(pattern: Pattern) -> str:
    kind, id = pattern["pattern_type"], pattern["id"]
    return kind if id == "default" else f"{kind} · {id}"


def _tries(rate: FixRate) -> str:
    n = rate["total_attempts"]
    return "1 attempt" if n == 1 else f"{n:,} attempts"


def _day(date: str) -> str:
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{int(date[8:10])} {months[int(date[5:7]) - 1]}"


def _short(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"
