"""The curves as an SVG, drawn by hand: two panels, both axes logarithmic, each line named at its end."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from .results import Curve, Results

_WIDTH, _HEIGHT = 490, 400
_LEFT, _TOP, _PLOT_WIDTH, _PLOT_HEIGHT = 56, 58, 260, 290
# Okabe and Ito's colours, told apart by everybody; lines of the same colour differ in their dashes.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#000000", "#e69f00")


def draw(results: Results) -> str:
    """The text of the SVG."""
    panels = [[curve for curve in results.curves if curve.of == of] for of in ("issues", "patterns")]
    panels = [curves for curves in panels if curves]
    width = _WIDTH * max(1, len(panels))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT}" width="{width}" '
        f'height="{_HEIGHT}" font-family="system-ui, sans-serif" font-size="11" role="img" '
        'aria-label="CPU of each read as its repo grows">',
        f'<rect width="{width}" height="{_HEIGHT}" fill="#ffffff"/>',
    ]
    for number, curves in enumerate(panels):
        parts.append(f'<g transform="translate({number * _WIDTH} 0)">')
        parts += _panel(curves)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def _panel(curves: list[Curve]) -> Iterator[str]:
    of = curves[0].of
    sizes = sorted({size for curve in curves for size in curve.points})
    values = [value for curve in curves for value in curve.points.values() if value > 0]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])

    def x(size: float) -> float:
        return _LEFT + _PLOT_WIDTH * (math.log10(size) - first) / (last - first)

    def y(value: float) -> float:
        return _TOP + _PLOT_HEIGHT * (high - math.log10(max(value, 10**low))) / (high - low)

    yield f'<text x="{_LEFT}" y="22" font-size="14" font-weight="600">Reads by the number of {of}</text>'
    yield f'<text x="{_LEFT}" y="40" fill="#555555">main-thread CPU a call, µs (both axes logarithmic)</text>'
    for power in range(low, high + 1):
        at = y(10**power)
        yield f'<line x1="{_LEFT}" x2="{_LEFT + _PLOT_WIDTH}" y1="{at:.1f}" y2="{at:.1f}" stroke="#e3e3e3"/>'
        yield f'<text x="{_LEFT - 7}" y="{at + 4:.1f}" text-anchor="end" fill="#555555">{10**power:,g}</text>'
    for size in sizes:
        place = f'x="{x(size):.1f}" y="{_TOP + _PLOT_HEIGHT + 17}"'
        yield f'<text {place} text-anchor="middle" fill="#555555">{size:,}</text>'
    caps = next((curve.caps for curve in curves if curve.caps), None)
    if caps:
        yield (
            f'<line x1="{x(caps):.1f}" x2="{x(caps):.1f}" y1="{_TOP}" y2="{_TOP + _PLOT_HEIGHT}" '
            'stroke="#999999" stroke-dasharray="2 3"/>'
        )
        yield (
            f'<text x="{x(caps) - 4:.1f}" y="{_TOP + _PLOT_HEIGHT + 34}" text-anchor="middle" fill="#555555">'
            "the caps hold from here on</text>"
        )
    labels = _spread({curve.read: y(curve.points[sizes[-1]]) for curve in curves})
    for number, curve in enumerate(curves):
        # The dashed ones begin elsewhere among the colours: lines close to each other are often of one family.
        colour = _COLOURS[(number + 3 * (number // len(_COLOURS))) % len(_COLOURS)]
        dashes = ' stroke-dasharray="5 3"' if number >= len(_COLOURS) else ""
        points = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, value in sorted(curve.points.items()))
        yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.8"{dashes}/>'
        for size, value in curve.points.items():
            yield f'<circle cx="{x(size):.1f}" cy="{y(value):.1f}" r="2.4" fill="{colour}"/>'
        end, label = y(curve.points[sizes[-1]]), labels[curve.read]
        right = _LEFT + _PLOT_WIDTH
        yield f'<path d="M{right + 4} {end:.1f} L{right + 12} {label:.1f}" stroke="{colour}" fill="none"/>'
        yield f'<text x="{right + 15}" y="{label + 4:.1f}" fill="{colour}">{escape(curve.read)}</text>'


def _spread(wanted: dict[str, float], apart: float = 13) -> dict[str, float]:
    """Places for labels near where they belong, none over another."""
    names = sorted(wanted, key=wanted.__getitem__)
    places: dict[str, float] = {}
    lowest = _TOP
    for name in names:
        lowest = max(wanted[name], lowest)
        places[name] = lowest
        lowest += apart
    # What was pushed below the plot pushes the others up.
    highest = float(_TOP + _PLOT_HEIGHT)
    for name in reversed(names):
        places[name] = min(places[name], highest)
        highest = places[name] - apart
    return places
