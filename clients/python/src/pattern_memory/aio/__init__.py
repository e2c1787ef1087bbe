"""The same, to await: everything here has the name and the arguments of its twin in `pattern_memory`.

import pattern_memory.aio

async with pattern_memory.aio.connect() as memory:
await memory.repo("acme/web").track_issue("style", "E501", "low")
"""

from .memory import Memory, Pipeline, Repo, connect, connect_cluster
from .replaced import RedisPatternMemory, create_pattern_memory

__all__ = [
    "Memory",
    "Pipeline",
    "RedisPatternMemory",
    "Repo",
    "connect",
    "connect_cluster",
    "create_pattern_memory",
]
