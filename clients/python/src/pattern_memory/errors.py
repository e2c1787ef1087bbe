"""What can go wrong, as exceptions: the server's error replies and redis-py's errors, told apart.

No message repeats what the caller sent, so that an argument that held a secret is in no traceback and in no log.
"""

from __future__ import annotations

from redis import exceptions as redis_errors

__all__ = [
    "AccessDenied",
    "AuthenticationFailed",
    "InvalidArgument",
    "ModuleNotLoaded",
    "OutOfMemory",
    "PatternMemoryError",
    "ReadOnly",
    "ServerUnreachable",
    "TryAgain",
    "VersionConflict",
    "WrongNode",
    "WrongType",
]


class PatternMemoryError(Exception):
    """Whatever this package raises on purpose."""


class ModuleNotLoaded(PatternMemoryError):
    """The server has no module `patternmemory`."""

    def __init__(self) -> None:
        super().__init__(
            "The Redis server does not have the module patternmemory loaded: put the line "
            "'loadmodule /path/to/libpattern_memory.so' into its redis.conf and restart it, or, where the server "
            "allows it, run 'redis-cli MODULE LOAD /path/to/libpattern_memory.so' (Redis 7.0 or Valkey 8, or later)."
        )


class InvalidArgument(PatternMemoryError, ValueError):
    """An argument was refused, by the module or before it was sent; nothing has changed."""


class AccessDenied(PatternMemoryError):
    """The ACL user may not run the command or touch the repo."""


class AuthenticationFailed(AccessDenied):
    """The server wants a password, or another one."""


class OutOfMemory(PatternMemoryError):
    """The server is at its memory limit and refuses what adds to it; nothing has changed."""


class TryAgain(PatternMemoryError):
    """The server could not serve the repo just now, retries included; nothing has changed."""


class VersionConflict(PatternMemoryError):
    """The pattern has not the version that `if_version` names; nothing has changed."""

    def __init__(self) -> None:
        super().__init__("The pattern has another version than if_version: read it again, then decide again.")


class ReadOnly(PatternMemoryError):
    """A write went to a read-only replica."""


class WrongType(PatternMemoryError):
    """A key of the repo holds what the module did not put there."""


class WrongNode(PatternMemoryError):
    """The server is one node of a cluster, and another one holds the repo."""

    def __init__(self) -> None:
        super().__init__("This server is a node of a cluster and another node holds the repo: use connect_cluster().")


class ServerUnreachable(PatternMemoryError):
    """No connection to the server, or it broke, or the server took too long.

    Whether a write was carried out is not known then.
    """


# What an error reply starts with: as the server writes it, whether or not redis-py took the code off.
_AGAIN = ("TRYAGAIN", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "BUSY ", "ASK ")


# What redis-py raises of its own: one of them is no RedisError.
REDIS_ERRORS = (redis_errors.RedisError, redis_errors.RedisClusterException)


def from_redis(error: Exception) -> PatternMemoryError:
    """The exception of this package for one of redis-py's."""
    text = str(error)
    # In a transaction redis-py puts the command before its error, arguments and all:
    # "Command # 1 (PATTERN.STORE …) of pipeline caused error: …"
    if text.startswith("Command # "):
        if "unknown command" in text:
            return ModuleNotLoaded()
        text = text.rsplit(" of pipeline caused error: ", 1)[-1]
    known = _by_class(error, text)
    if known is not None:
        return known
    if text.startswith(_AGAIN):
        return TryAgain(text)
    if text.startswith("NOPERM"):
        return AccessDenied(text)
    if text.startswith(("NOAUTH", "WRONGPASS")):
        return AuthenticationFailed(text)
    if text.startswith("OOM"):
        return OutOfMemory(text)
    if text.startswith("WRONGTYPE"):
        return WrongType(text)
    if text.startswith("READONLY"):
        return ReadOnly(text)
    if text.startswith("MOVED"):
        return WrongNode()
    text = text.removeprefix("ERR ")
    # This one repeats the arguments: no word of it goes on.
    if text.lower().startswith("unknown command"):
        return ModuleNotLoaded()
    if isinstance(error, redis_errors.ResponseError):
        return InvalidArgument(text)
    return PatternMemoryError(text)


def _by_class(error: Exception, text: str) -> PatternMemoryError | None:
    """By redis-py's class, which takes the code off some replies. Some derive from others: the order counts."""
    if isinstance(error, redis_errors.AuthenticationError):
        return AuthenticationFailed(text)
    if isinstance(error, redis_errors.NoPermissionError):
        return AccessDenied(text)
    if isinstance(error, (redis_errors.BusyLoadingError, redis_errors.TryAgainError, redis_errors.ClusterDownError)):
        return TryAgain(text)
    # The pool is as large as it may be, and all of it in use.
    if text == "Too many connections":
        return TryAgain(f"{text}: allow more (max_connections), or use redis-py's BlockingConnectionPool")
    # One derives from the other: the slot has moved; the slot is being moved.
    if type(error) is redis_errors.MovedError:
        return WrongNode()
    if isinstance(error, redis_errors.AskError):
        return TryAgain("The slot of this repo is being migrated; try again in a moment")
    if isinstance(error, redis_errors.ReadOnlyError):
        return ReadOnly(text)
    # The cluster client has been told to try again, or was sent from node to node, until it gave up.
    if isinstance(error, redis_errors.ClusterError):
        return TryAgain(text)
    if isinstance(error, (redis_errors.ConnectionError, redis_errors.TimeoutError)):
        return ServerUnreachable(text)
    if isinstance(error, redis_errors.RedisClusterException):
        # Some of these repeat the command.
        return ServerUnreachable(text.partition("Command:")[0].strip())
    if type(error).__name__ == "OutOfMemoryError":  # redis-py 5 and later
        return OutOfMemory(text)
    return None
