"""Elements of SVG, escaped, and the scales that charts are drawn by."""

from __future__ import annotations

import math
from typing import Union
from unicodedata import east_asian_width

from markupsafe import Markup, escape

Attribute = Union[str, int, float, None]

_BROAD = frozenset("@%mwMW…")
_SLIM = frozenset("ijltfrI.,:;'|!()[] ")


def element(tag: str, *children: str | Markup, **attributes: Attribute) -> Markup:
    """An element. Underscores in attributes are hyphens, one at the end is dropped, None leaves the attribute out."""
    named = Markup("").join(
        Markup(' {}="{}"').format(name.rstrip("_").replace("_", "-"), _value(value))
        for name, value in attributes.items()
        if value is not None
    )
    inner = Markup("").join(escape(child) for child in children)
    if not children:
        return Markup("<{0}{1}/>").format(Markup(tag), named)  # noqa: S704
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(tag), named, inner)  # noqa: S704


def canvas(
    width: float, height: float, name: str, title: str, description: str, parts: list[Markup], class_: str
) -> Markup:
    """A drawing with its title and description for those who do not see it. `name` makes its ids unique in the page."""
    return element(
        "svg",
        element("title", title, id=f"{name}-title"),
        element("desc", description, id=f"{name}-desc"),
        *parts,
        class_=class_,
        viewBox=f"0 0 {_value(width)} {_value(height)}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


def text(x: float, y: float, content: str, class_: str = "label", anchor: str | None = None) -> Markup:
    """A line of text."""
    return element("text", content, x=x, y=y, class_=class_, text_anchor=anchor)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def ticks(most: float, wanted: int = 4) -> list[float]:
    """Round numbers from 0 to at least `most`, for an axis of whole counts."""
    if most <= 0:
        return [0.0, 1.0]
    rough = most / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    step = max(1.0, step)
    return [step * i for i in range(math.ceil(most / step) + 1)]


def fit(content: str, width: float) -> str:
    """Text cut to what fits into a width, at the size of a label. Fonts differ, so it is cut rather early."""
    room = width - _width("…")
    for i, character in enumerate(content):
        room -= _width(character)
        if room < 0 and _width(content[i:]) > room + _width(character) + _width("…"):
            return f"{content[:i]}…"
    return content


def _width(text: str) -> float:
    return sum(map(_width_of, text))


def _width_of(character: str) -> float:
    if east_asian_width(character) in {"W", "F"}:
        return 13.0
    return 11.5 if character in _BROAD else 5.0 if character in _SLIM else 7.7


def _value(value: Attribute) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return str(value)
