"""Pattern Memory from Python: what code-review agents learn, shared in Redis.

    import pattern_memory

    memory = pattern_memory.connect("redis://localhost:6379")
    repo = memory.repo("acme/web")
    repo.track_issue("style", "E501", "low")
    print(repo.insights()["recommendations"])

`pattern_memory.aio` is the same to await. Agents written for the class that the module replaces need
`create_pattern_memory` and nothing else.
"""

from . import documents
from .commands.pattern import AUTO
from .errors import (
    AccessDenied,
    AuthenticationFailed,
    InvalidArgument,
    ModuleNotLoaded,
    OutOfMemory,
    PatternMemoryError,
    ReadOnly,
    ServerUnreachable,
    TryAgain,
    VersionConflict,
    WrongNode,
    WrongType,
)
from .memory import Memory, Pipeline, Repo, connect, connect_cluster
from .names import identifier, original, repo_name, repo_path
from .pipeline import Queued
from .replaced.blocking import RedisPatternMemory, create_pattern_memory
from .retries import Retries

__all__ = [
    "AUTO",
    "AccessDenied",
    "AuthenticationFailed",
    "InvalidArgument",
    "Memory",
    "ModuleNotLoaded",
    "OutOfMemory",
    "PatternMemoryError",
    "Pipeline",
    "Queued",
    "ReadOnly",
    "RedisPatternMemory",
    "Repo",
    "Retries",
    "ServerUnreachable",
    "TryAgain",
    "VersionConflict",
    "WrongNode",
    "WrongType",
    "connect",
    "connect_cluster",
    "create_pattern_memory",
    "documents",
    "identifier",
    "original",
    "repo_name",
    "repo_path",
]

__version__ = "0.1.0"
