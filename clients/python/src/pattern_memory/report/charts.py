"""The charts of the page. Each is drawn twice, for a wide window and for a phone; the style sheet shows one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from markupsafe import Markup

from .svg import canvas, element, fit, line, text, ticks

if TYPE_CHECKING:
    from pattern_memory.documents import Day, FixRate, Pattern

    from .sessions import SessionDay

_WIDE, _NARROW = 720.0, 328.0
_MOST_ROWS = 12
SEVERITIES = ("critical", "high", "medium", "low", "info")
_Draw = Callable[[float, str], Markup]


@dataclass(frozen=True)
class Series:
    """One colour of a chart with bars by day."""

    name: str
    class_: str
    values: Sequence[int]


def severity_class(severity: str) -> str:
    """The class that colours a severity; those that are not of the usual five share one."""
    return severity.lower() if severity.lower() in SEVERITIES else "other"


def severities_of(days: Sequence[Day]) -> list[str]:
    """The severities that occur, the worst first, unusual ones at the end."""
    found = {severity for day in days for severity in day["by_severity"]}
    known = {severity: place for place, severity in enumerate(SEVERITIES)}
    return sorted(found, key=lambda severity: (known.get(severity.lower(), len(known)), severity))


def issues_by_day(days: Sequence[Day]) -> Markup:
    """Occurrences of issues a day, stacked by severity."""
    series = [
        Series(severity, severity_class(severity), [day["by_severity"].get(severity, 0) for day in days])
        for severity in severities_of(days)
    ]
    total = sum(day["total"] for day in days)
    peak = max(days, key=lambda day: day["total"])
    description = f"{total:,} occurrences in {len(days)} days; most, {peak['total']:,}, on {peak['date']}."
    dates = [day["date"] for day in days]
    return _both(lambda width, name: _stacked(dates, series, width, name, "Issues per day, by severity", description))


def sessions_by_day(days: Sequence[SessionDay]) -> Markup:
    """What sessions brought, by day."""
    series = [
        Series("patterns learned", "learned", [day.patterns for day in days]),
        Series("insights generated", "insight", [day.insights for day in days]),
    ]
    sessions = sum(day.sessions for day in days)
    learned, insights = sum(day.patterns for day in days), sum(day.insights for day in days)
    description = f"{sessions:,} sessions brought {learned:,} patterns and {insights:,} insights in {len(days)} days."
    dates = [day.date for day in days]
    return _both(lambda width, name: _stacked(dates, series, width, name, "What sessions brought, by day", description))


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

    rows = [(_pattern_name(pattern), f"{pattern['confidence']:.2f}") for pattern in shown]
    return _both(
        lambda width, name: _ranges(
            rows,
            [partial(row, pattern) for pattern in shown],
            {0.0: "0", 0.6: "0.6", 0.8: "0.8", 1.0: "1"},
            (width, name, "Confidence of patterns", description),
        )
    )


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

    rows = [(fix_type, f"{rate['success_rate']:.0%} of {rate['total_attempts']:,}") for fix_type, rate in ordered]
    return _both(
        lambda width, name: _ranges(
            rows,
            [partial(row, fix_type, rate) for fix_type, rate in ordered],
            {0.0: "0 %", 0.5: "50 %", 0.9: "90 %", 1.0: ""},
            (width, name, "Success of fixes, with bounds", description),
        )
    )


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


def _both(draw: _Draw) -> Markup:
    return draw(_WIDE, "wide") + draw(_NARROW, "narrow")


def _stacked(
    dates: Sequence[str], series: Sequence[Series], width: float, size: str, title: str, description: str
) -> Markup:
    """Bars by day, each a stack."""
    height = 240.0 if size == "wide" else 200.0
    left, right, top, bottom = 40.0, 4.0, 10.0, 24.0
    totals = [sum(values) for values in zip(*(one.values for one in series))] or [0] * len(dates)
    marks = ticks(max(totals, default=0))
    floor, room = height - bottom, height - bottom - top
    slot = (width - left - right) / max(1, len(dates))
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
            if not n:
                continue
            tall = room * n / marks[-1]
            y -= tall
            said = element("title", f"{date}: {n:,} {one.name}")
            parts.append(element("rect", said, x=x, y=y, width=bar, height=tall, class_=f"bar {one.class_}"))
    for i in _labelled(len(dates), 7 if size == "wide" else 4):
        anchor = "end" if i == len(dates) - 1 and len(dates) > 1 else "middle"
        x = left + slot * (i + 0.5)
        parts.append(text(width - right if anchor == "end" else x, height - 6, _day(dates[i]), anchor=anchor))
    name = f"{title.split()[0].lower()}-{title.split()[-1].lower()}-{size}"
    return canvas(width, height, name, title, description, parts, f"chart {size}")


def _ranges(
    rows: Sequence[tuple[str, str]],
    draws: Sequence[Callable[[Callable[[float], float], float], list[Markup]]],
    marks: Mapping[float, str],
    frame: tuple[float, str, str, str],
) -> Markup:
    """Rows over an axis from 0 to 1. In a narrow chart each name stands above its row."""
    width, size, title, description = frame
    narrow = size == "narrow"
    name_width = 0.0 if narrow else 220.0
    value_width = 84.0 if not narrow else 0.0
    tall, top, bottom = (44.0, 6.0, 22.0) if narrow else (28.0, 6.0, 22.0)
    left, right = name_width + 8, width - value_width - 8
    height = top + tall * len(rows) + bottom

    def x(value: float) -> float:
        return left + (right - left) * value

    parts = []
    for mark, label in marks.items():
        parts.append(line(x(mark), top, x(mark), height - bottom, "axis" if mark == 0 else "grid"))
        anchor = "start" if mark == 0 and narrow else "middle"
        parts.append(text(x(mark), height - 6, label, anchor=anchor))
    for i, ((name, value), draw) in enumerate(zip(rows, draws)):
        y = top + tall * i + (32.0 if narrow else tall / 2)
        if narrow:
            parts.append(text(left + 4, y - 12, fit(name, right - left - 90), "label strong"))
            parts.append(text(right, y - 12, value, anchor="end"))
        else:
            parts.append(text(name_width - 4, y + 4, fit(name, name_width - 8), "label strong", "end"))
            parts.append(text(right + 10, y + 4, value))
        parts += draw(x, y)
    ids = f"{title.split()[0].lower()}-{title.split()[-1].lower()}-{size}"
    return canvas(width, height, ids, title, description, parts, f"chart {size}")


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
