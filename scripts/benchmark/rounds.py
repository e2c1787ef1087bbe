"""Contenders taking turns, so that what else the machine does meets all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import redis

from .gauges import main_thread_seconds


@dataclass
class Turn:
    """A contender: `run` does `calls` calls. `before`, where there is one, is not measured."""

    run: Callable[[], None]
    calls: int
    before: Callable[[], None] | None = None


@dataclass
class Measured:
    """Microseconds a call, round by round."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)


@dataclass
class Ratio:
    """The median of the rounds' ratios, and its quartiles: how much the rounds agree."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, ours: list[float], theirs: list[float]) -> Ratio:
        """Ours over theirs."""
        return cls.from_values([our / max(their, 1e-9) for our, their in zip(ours, theirs, strict=True)])

    @classmethod
    def from_values(cls, values: list[float]) -> Ratio:
        """The same of values that are ratios already, or stand for themselves."""
        ordered = sorted(values)
        last = len(ordered) - 1
        return cls(statistics.median(ordered), ordered[round(last / 4)], ordered[round(3 * last / 4)])


def take_turns(
    server: redis.Redis,
    contenders: Mapping[str, Turn],
    rounds: int,
    advance: Callable[[str], None] = lambda name: None,
) -> dict[str, Measured]:
    """A round to warm up, then `rounds` that count: A B C, A B C, …"""
    measured = {name: Measured() for name in contenders}
    for number in range(rounds + 1):
        for name, turn in contenders.items():
            advance(name)
            if turn.before:
                turn.before()
            cpu, wall = main_thread_seconds(server), time.perf_counter()
            turn.run()
            wall, cpu = time.perf_counter() - wall, main_thread_seconds(server) - cpu
            if number:
                measured[name].cpu.append(1e6 * cpu / turn.calls)
                measured[name].wall.append(1e6 * wall / turn.calls)
    return measured
