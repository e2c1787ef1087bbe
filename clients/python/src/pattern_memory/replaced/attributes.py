"""What both classes are made of besides their methods."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ..errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..retries import Retries

LOGGER = logging.getLogger("pattern_memory")


class Attributes:
    """The attributes that agents read."""

    def __init__(self, redis_url: str, default_ttl: int, client: Any, retries: Retries, *, strict: bool) -> None:
        self.redis_url = redis_url
        self.default_ttl = default_ttl
        self.strict = strict
        self.logger = LOGGER
        self.redis: Any = client
        self.retries = retries
        self.use_redis = True
        self.sqlite_memory = None


def check_factory_arguments(*, redis_only: bool, ignored: Mapping[str, Any]) -> None:
    """What the factory ignored before it still ignores, and there is still nothing but Redis."""
    if not redis_only:
        raise InvalidArgument("redis_only must be true: there is nothing but Redis")
    if ignored:
        LOGGER.debug("Arguments of create_pattern_memory that mean nothing any more: %s", ", ".join(ignored))
