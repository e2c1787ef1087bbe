"""What a run found, in a form that can be shown, written as JSON and drawn."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from .rounds import Ratio


def in_us(value: float) -> str:
    """Microseconds, with a decimal where it says something; many of them as milliseconds."""
    if value >= 10_000:
        return f"{value / 1_000:,.1f} ms"
    return f"{value:,.1f} us" if value < 100 else f"{value:,.0f} us"


@dataclass
class Row:
    """One bar of the design, and where the module stands. At most `bar`, or at least, where `at_least`."""

    work: str
    against: str
    ours: str
    theirs: str
    value: Ratio
    bar: float
    unit: str = ""
    at_least: bool = False

    @property
    def holds(self) -> bool:
        """Whether the median is on the right side of the bar."""
        return self.value.median >= self.bar if self.at_least else self.value.median <= self.bar


@dataclass
class Cost:
    """One contender at one kind of work; None where it was not measured."""

    work: str
    contender: str
    cpu: float | None = None
    p50: float | None = None
    p99: float | None = None
    calls_per_second: float | None = None
    aof_bytes: float | None = None


@dataclass
class Curve:
    """The main thread's microseconds a call of one read, by the size of the repo. `caps`: the size from which on
    the caps hold, where the repo has any."""

    read: str
    of: str
    points: dict[int, float]
    caps: int | None = None


@dataclass
class Results:
    """All of it."""

    about: dict[str, Any] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    memory: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        found = asdict(self)
        for row, plain in zip(self.rows, found["rows"], strict=True):
            plain["holds"] = row.holds
        return found
