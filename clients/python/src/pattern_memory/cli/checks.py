"""What `doctor` looks at. Each check says what it found and, where it is not well, what to do."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from redis import exceptions as redis_errors

from pattern_memory import (
    AccessDenied,
    Memory,
    ModuleNotLoaded,
    PatternMemoryError,
    Repo,
    ServerUnreachable,
    __version__,
)
from pattern_memory.errors import from_redis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pattern_memory.documents import Health

OK, WARN, FAIL = "ok", "warn", "fail"
_SCHEMAS = {"1"}
_OLDEST = {"redis": (7, 0), "valkey": (8, 0)}
_LOCAL = {None, "", "localhost", "127.0.0.1", "::1"}
# What agents need, by what they do: one read and one write for all.
_READ, _WRITE = "pattern.insights", "issue.track"


@dataclass(frozen=True)
class Check:
    """One finding of the doctor. `advice` says what to do where it is not ok."""

    name: str
    state: str
    says: str
    advice: str | None = None
    node: str | None = None
    is_fatal: bool = False
    """Without it nothing works: the server or the module is not there."""

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {key: value for key, value in asdict(self).items() if key != "is_fatal"}


def examine(memory: Memory, repo: Repo, url: str) -> Iterator[Check]:
    """All checks of a server, or of each master of a cluster; ends where nothing more can be found out."""
    primaries = memory.redis.get_primaries() if hasattr(memory.redis, "get_primaries") else None
    if primaries is None:
        yield from _server(memory, memory.redis, repo, url, None)
        return
    if not primaries:
        yield Check("cluster", FAIL, "it has no masters", "look at CLUSTER NODES", is_fatal=True)
    for node in primaries:
        client = memory.redis.get_redis_connection(node)
        yield from _server(Memory(client, retries=memory.retries), client, repo, url, f"{node.host}:{node.port}")


def _server(memory: Memory, client: Any, repo: Repo, url: str, node: str | None) -> Iterator[Check]:
    def check(name: str, state: str, says: str, advice: str | None = None, *, is_fatal: bool = False) -> Check:
        return Check(name, state, says, None if state == OK else advice, node, is_fatal)

    try:
        client.ping()
    except redis_errors.RedisError as error:
        problem = from_redis(error)
        if isinstance(problem, ServerUnreachable):
            says = f"it cannot be reached: {problem}"
            yield check("server", FAIL, says, "start it, or name it by --url or PATTERN_MEMORY_URL", is_fatal=True)
            return
        # Not everybody may PING; whoever may not even log in is told so below.
        if _is_login(error):
            says, advice = (
                "it does not let you in",
                "put the user and password into the URL: redis://user:password@host",
            )
            yield check("access", FAIL, says, advice, is_fatal=True)
            return
    try:
        health: Health | None = memory.health()
    except ModuleNotLoaded as error:
        yield check("module", FAIL, "it is not loaded", str(error), is_fatal=True)
        return
    except AccessDenied as error:
        yield check("module", WARN, f"it may be there, but {error}", "ACL SETUSER ... +pattern.health")
        health = None
    except PatternMemoryError as error:
        yield check("module", FAIL, str(error), "look into the server's log")
        health = None
    info = _info(client)
    for find in (_versions, _memory, _persistence, _role, _records):
        for found in find(health, info):
            yield check(*found)
    yield from (check(*found) for found in _eviction(client, info))
    yield from (check(*found) for found in _cluster(client, health, is_cluster_client=node is not None))
    yield from (check(*found) for found in _access(client, repo, url))


_Found = tuple[str, str, str, "str | None"]


def _is_login(error: Exception) -> bool:
    return isinstance(error, redis_errors.AuthenticationError) or str(error).startswith(("NOAUTH", "WRONGPASS"))


def _info(client: Any) -> dict[str, Any]:
    """All of INFO, and when snapshots are taken; without what is not allowed."""
    info: dict[str, Any] = {}
    try:
        info = client.info("everything")
        info["snapshots"] = client.config_get("save").get("save")
    except redis_errors.RedisError:
        pass
    return info


def _versions(health: Health | None, info: dict[str, Any]) -> Iterator[_Found]:
    if health is None:
        return
    kind, version = health["server"], health["server_version"]
    oldest = _OLDEST.get(kind)
    if oldest and _numbers(version) < oldest:
        wanted = ".".join(map(str, oldest))
        yield "server", WARN, f"{kind} {version}", f"the module is tested from {kind} {wanted} on: upgrade"
    else:
        yield "server", OK, f"{kind} {version}, up for {_duration(health['uptime_seconds'])}", None
    if health["loading"]:
        yield "loading", WARN, "the server is loading its data", "wait until it is done"
    module = health["module_version"]
    says = f"patternmemory {module}, {health['rules_loaded']:,} redaction rules"
    if health["schema"] not in _SCHEMAS:
        yield "module", WARN, f"{says}; its data have layout {health['schema']}", "upgrade this tool"
    elif _numbers(module)[:2] != _numbers(__version__)[:2]:
        yield "module", WARN, f"{says}; this tool is {__version__}", "use the same release of both"
    else:
        yield "module", OK, says, None


def _memory(health: Health | None, info: dict[str, Any]) -> Iterator[_Found]:
    used = info.get("used_memory", health["used_memory"] if health else None)
    limit = info.get("maxmemory", health["max_memory"] if health else None)
    if used is None or limit is None:
        yield "memory", WARN, "what is used cannot be asked", "ACL SETUSER ... +info"
    elif not limit:
        says = f"{_bytes(used)} used, without a limit"
        yield "memory", WARN, says, "set maxmemory, or the machine's memory is the limit, and then the server is killed"
    else:
        share = used / limit
        says = f"{_bytes(used)} of {_bytes(limit)} used ({share:.0%})"
        advice = "raise maxmemory, or let go of repos (PATTERN.FORGET); writes are refused when it is full"
        yield "memory", FAIL if share >= 0.95 else WARN if share >= 0.8 else OK, says, advice
    evicted = info.get("evicted_keys", health["evicted_keys"] if health else 0)
    if evicted:
        advice = "set maxmemory-policy noeviction: an evicted key is knowledge lost"
        yield "evicted keys", WARN, f"{evicted:,} since the start", advice


def _eviction(client: Any, info: dict[str, Any]) -> Iterator[_Found]:
    policy = info.get("maxmemory_policy")
    if policy is None:
        try:
            policy = client.config_get("maxmemory-policy").get("maxmemory-policy")
        except redis_errors.RedisError:
            return
    if policy == "noeviction":
        yield "eviction", OK, "noeviction", None
    else:
        advice = "set maxmemory-policy noeviction: with others single keys go out of a repo when memory is full"
        yield "eviction", WARN, str(policy), advice


def _persistence(_health: Health | None, info: dict[str, Any]) -> Iterator[_Found]:
    if "aof_enabled" not in info:
        return
    aof, saved = bool(info["aof_enabled"]), info.get("snapshots")
    advice = "look into the server's log, and at the space on its disk"
    if aof and info.get("aof_last_write_status", "ok") != "ok":
        yield "persistence", FAIL, "the last write of the AOF failed", advice
    elif info.get("rdb_last_bgsave_status", "ok") != "ok":
        yield "persistence", FAIL, "the last snapshot failed", advice
    elif aof:
        yield "persistence", OK, "AOF", None
    elif saved:
        yield (
            "persistence",
            WARN,
            "snapshots only: what came after the last one is lost in a crash",
            "set appendonly yes",
        )
    else:
        yield "persistence", WARN, "none: what is in memory is lost with a restart", "set appendonly yes"


def _role(health: Health | None, info: dict[str, Any]) -> Iterator[_Found]:
    role = info.get("role", health["role"] if health else "master")
    if role != "slave":
        return
    link = info.get("master_link_status", "up")
    if link != "up":
        yield "role", FAIL, "a replica without its master", "look at the master, and at the network between the two"
    else:
        yield "role", WARN, "a replica: it answers, but takes no writes", "name the master by --url"


def _records(_health: Health | None, info: dict[str, Any]) -> Iterator[_Found]:
    corrupt = info.get("patternmemory_corrupt_records", 0)
    if corrupt:
        says = f"{corrupt:,} times a record could not be read and was passed over"
        yield "records", WARN, says, "the server's log names the keys; somebody wrote to them by other means"
    panics = info.get("patternmemory_panics", 0)
    if panics:
        yield "panics", FAIL, f"{panics:,} in the module", "report it, with the line of the server's log"


def _cluster(client: Any, health: Health | None, *, is_cluster_client: bool) -> Iterator[_Found]:
    if not is_cluster_client and (health is None or health["mode"] != "cluster"):
        return
    if not is_cluster_client:
        yield "cluster", WARN, "the server is a node of a cluster", "use --cluster, or only its repos are reached"
    try:
        state = client.execute_command("CLUSTER INFO")
    except redis_errors.RedisError:
        return
    fields = state if isinstance(state, dict) else dict(re.findall(r"(\w+):(\S+)", _text(state)))
    if fields.get("cluster_state") == "ok":
        yield "slots", OK, f"{fields.get('cluster_slots_ok', 'all')} slots served", None
    else:
        advice = "look at CLUSTER NODES; redis-cli --cluster fix repairs"
        yield "slots", FAIL, f"the cluster is {fields.get('cluster_state', 'down')}", advice


def _access(client: Any, repo: Repo, url: str) -> Iterator[_Found]:
    try:
        user = _text(client.execute_command("ACL WHOAMI"))
    except redis_errors.RedisError:
        user = None
    parts = urlsplit(url)
    if user == "default" and not parts.password and parts.scheme != "unix" and parts.hostname not in _LOCAL:
        says = "the user default needs no password: who reaches the server may do everything"
        yield "login", WARN, says, "set requirepass or ACL users (docs/operations.md)"
    who = f"user {user}" if user else "you"
    read = _may(client, user, _READ, repo.name)
    if read is None:
        # Not allowed to ask what is allowed: try.
        try:
            repo.health()
            read = True
        except AccessDenied:
            read = False
        except PatternMemoryError:
            return
    write = _may(client, user, _WRITE, repo.name, "type", "rule", "low")
    advice = f"ACL SETUSER ... '~{repo.name}' +@patternmemory; where the server has no such category, name the commands"
    if not read:
        yield "access", FAIL, f"{who} may not read {repo.name}", advice
    elif write is None:
        yield "access", OK, f"{who} may read {repo.name}; whether to write cannot be asked", None
    elif not write:
        yield "access", WARN, f"{who} may read {repo.name}, but not write", advice
    else:
        yield "access", OK, f"{who} may read and write {repo.name}", None


def _may(client: Any, user: str | None, *command: str) -> bool | None:
    """Whether a command is allowed; None where that cannot be asked."""
    if user is None:
        return None
    try:
        return _text(client.execute_command("ACL DRYRUN", user, *command)) == "OK"
    except redis_errors.RedisError:
        return None


def _numbers(version: str | None) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version or "")[:3])


def _text(reply: object) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)


def _bytes(n: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if n < 1024 or unit == "GB":
            return f"{n:,.0f} {unit}" if unit == "bytes" else f"{n:,.1f} {unit}"
        n /= 1024
    raise AssertionError


def _duration(seconds: int | None) -> str:
    seconds = seconds or 0
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            n = seconds // size
            return f"{n:,} {unit}{'' if n == 1 else 's'}"
    return f"{seconds} seconds"
