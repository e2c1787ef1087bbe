"""How long to go on where the server says that it cannot just now."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Retries"]


@dataclass(frozen=True)
class Retries:
    """Retries after `TRYAGAIN`, `CLUSTERDOWN`, `LOADING`, `MASTERDOWN` and `BUSY`, by which nothing was written.

    `limit` retries at most, after pauses of `first` seconds, then twice as long each time, up to `longest`. Lost
    connections are not retried here, as a write may have been carried out: that is redis-py's option `retry`.
    """

    limit: int = 8
    first: float = 0.05
    longest: float = 1.0

    def pauses(self) -> Iterator[float]:
        """The pauses, in seconds. Each is a little random, so that clients do not come back all at once."""
        pause = self.first
        for _ in range(self.limit):
            yield pause * random.uniform(0.5, 1.0)  # noqa: S311
            pause = min(2 * pause, self.longest)
