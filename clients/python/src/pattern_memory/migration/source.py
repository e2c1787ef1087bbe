"""What the replaced class left behind: finding its keys, and telling which repo each belongs to.

The class joined repo and type by `:`, and either may hold one: `kirolinter:pattern:/a:b:c` may be the type `c` of
`/a:b` or the type `b:c` of `/a`. The record itself says its type, so it decides; where it does not, the index sets and
the repos known from other keys do.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from redis import exceptions as redis_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "kirolinter"
_SCAN_COUNT = 1_000
_CHUNK = 500
# How a kind of key is written, and the type that it must have.
_TYPES = {"pattern": "hash", "issues": "hash", "fixes": "list", "sessions": "list", "changes": "list"}


@dataclass(frozen=True)
class Skipped:
    """Something that does not move, and why. Never says what it holds."""

    key: str
    record: str | None
    reason: str


@dataclass
class OldRepo:
    """All that the class kept of one repo, as bytes.

    Patterns and changes are by type; `keys` are the keys that they came from.
    """

    name: str
    patterns: dict[str, dict[bytes, bytes]] = field(default_factory=dict)
    pattern_keys: dict[str, bytes] = field(default_factory=dict)
    changes: dict[str, list[bytes]] = field(default_factory=dict)
    issues: dict[bytes, bytes] = field(default_factory=dict)
    fixes: list[bytes] = field(default_factory=list)
    sessions: list[bytes] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    keys: set[bytes] = field(default_factory=set)

    def digest(self) -> str:
        """Stands for all of it: two reads of the same data have the same one."""
        content = [
            sorted((name, sorted(fields.items())) for name, fields in self.patterns.items()),
            sorted(self.changes.items()),
            sorted(self.issues.items()),
            self.fixes,
            self.sessions,
        ]
        return hashlib.sha256(repr(content).encode()).hexdigest()[:32]


@dataclass
class _Keys:
    """The keys of one repo, by what they hold."""

    patterns: dict[str, bytes] = field(default_factory=dict)
    changes: dict[str, bytes] = field(default_factory=dict)
    issues: bytes | None = None
    fixes: bytes | None = None
    sessions: bytes | None = None
    index: bytes | None = None
    skipped: list[Skipped] = field(default_factory=list)

    def all(self) -> set[bytes]:
        lists = [self.issues, self.fixes, self.sessions, self.index]
        return {*self.patterns.values(), *self.changes.values(), *(key for key in lists if key is not None)}


class Source:
    """A server (or database) that holds keys of the class. `client` must answer bytes."""

    def __init__(self, client: Any, prefix: str = PREFIX) -> None:
        self.client = client
        self._prefix = prefix.encode()
        self._repos: dict[str, _Keys] = {}
        self.skipped: list[Skipped] = []
        """Keys that belong to no repo."""

    def find(self) -> Iterator[int]:
        """Looks at all keys; yields how many were found so far. Then `repos` tells."""
        named: dict[bytes, list[bytes]] = {kind: [] for kind in (b"issues", b"fixes", b"sessions", b"index:patterns")}
        patterns: list[bytes] = []
        changes: list[bytes] = []
        found: set[bytes] = set()
        pattern = _glob(self._prefix) + b":*"
        # SCAN may bring a key twice.
        for key in self.client.scan_iter(match=pattern, count=_SCAN_COUNT):
            if key in found:
                continue
            found.add(key)
            rest = key[len(self._prefix) + 1 :]
            kind = next((kind for kind in named if rest.startswith(kind + b":")), None)
            if kind is not None:
                named[kind].append(key)
            elif rest.startswith(b"pattern:"):
                patterns.append(key)
            elif rest.startswith(b"changes:"):
                changes.append(key)
            else:
                self.skipped.append(Skipped(_shown(key), None, "a key of a shape that is not known"))
            yield len(found)
        for kind, keys in named.items():
            for key in sorted(keys):
                self._name(kind, key)
        index = self._read_index()
        self._place_patterns(sorted(patterns), index)
        self._place_changes(sorted(changes))

    @property
    def repos(self) -> list[str]:
        """The repos that were found, sorted."""
        return sorted(self._repos)

    def keys(self, repo: str) -> set[bytes]:
        """The keys of a repo."""
        return self._repos[repo].all()

    def read(self, repo: str) -> OldRepo:
        """Reads all of one repo."""
        keys = self._repos[repo]
        old = OldRepo(repo, skipped=list(keys.skipped), keys=keys.all(), pattern_keys=dict(keys.patterns))
        for pattern_type, key in sorted(keys.patterns.items()):
            if self._is(key, "pattern", old.skipped):
                old.patterns[pattern_type] = self.client.hgetall(key)
        for pattern_type, key in sorted(keys.changes.items()):
            if self._is(key, "changes", old.skipped):
                old.changes[pattern_type] = self.client.lrange(key, 0, -1)
        if keys.issues and self._is(keys.issues, "issues", old.skipped):
            old.issues = dict(self.client.hscan_iter(keys.issues, count=_SCAN_COUNT))
        if keys.fixes and self._is(keys.fixes, "fixes", old.skipped):
            old.fixes = self.client.lrange(keys.fixes, 0, -1)
        if keys.sessions and self._is(keys.sessions, "sessions", old.skipped):
            old.sessions = self.client.lrange(keys.sessions, 0, -1)
        return old

    def delete(self, old: OldRepo) -> int | None:
        """Deletes the keys of a repo, in one step; None, and nothing, where they are not as they were read."""
        keys = sorted(old.keys)
        try:
            with self.client.pipeline(transaction=True) as transaction:
                transaction.watch(*keys)
                if self.read(old.name).digest() != old.digest():
                    return None
                transaction.multi()
                transaction.unlink(*keys)
                return int(transaction.execute()[0])
        except redis_errors.WatchError:
            return None

    def key(self, kind: str, *parts: str) -> str:
        """The name of a key, as it is shown."""
        return ":".join([self._prefix.decode("utf-8", "replace"), kind, *parts])

    def _is(self, key: bytes, kind: str, skipped: list[Skipped]) -> bool:
        found: str = self.client.type(key).decode()
        if found in {_TYPES[kind], "none"}:
            return found != "none"
        skipped.append(Skipped(_shown(key), None, f"a {found} where the class kept a {_TYPES[kind]}"))
        return False

    def _name(self, kind: bytes, key: bytes) -> None:
        repo = self._text(key[len(self._prefix) + len(kind) + 2 :], key)
        if repo is None:
            return
        keys = self._repos.setdefault(repo, _Keys())
        if kind == b"issues":
            keys.issues = key
        elif kind == b"fixes":
            keys.fixes = key
        elif kind == b"sessions":
            keys.sessions = key
        else:
            keys.index = key

    def _text(self, name: bytes, key: bytes) -> str | None:
        try:
            text = name.decode()
        except UnicodeDecodeError:
            self.skipped.append(Skipped(_shown(key), None, "its name is no UTF-8"))
            return None
        if not text:
            self.skipped.append(Skipped(_shown(key), None, "it names no repo"))
            return None
        return text

    def _read_index(self) -> dict[bytes, str]:
        """Key of a pattern to its repo, as the index sets tell it."""
        owners: dict[bytes, str] = {}
        for repo, keys in sorted(self._repos.items()):
            if keys.index is None:
                continue
            if self.client.type(keys.index) != b"set":
                keys.skipped.append(Skipped(_shown(keys.index), None, "no set; patterns were found without it"))
                continue
            start = self._prefix + b":pattern:" + repo.encode() + b":"
            for member in self.client.sscan_iter(keys.index, count=_SCAN_COUNT):
                # Members are types; some releases wrote the whole key.
                owners[member if member.startswith(start) else start + member] = repo
        return owners

    def _place_patterns(self, patterns: list[bytes], index: dict[bytes, str]) -> None:
        for start in range(0, len(patterns), _CHUNK):
            chunk = patterns[start : start + _CHUNK]
            with self.client.pipeline(transaction=False) as pipeline:
                for key in chunk:
                    pipeline.hget(key, "pattern_type")
                types = pipeline.execute(raise_on_error=False)
            for key, own in zip(chunk, types):
                name = self._text(key[len(self._prefix) + len(b":pattern:") :], key)
                if name is None:
                    continue
                told = own.decode("utf-8", "replace") if isinstance(own, bytes) else None
                placed = self._split(name, told, index.get(key))
                if placed is None:
                    self.skipped.append(Skipped(_shown(key), None, "it names no repo and no type"))
                    continue
                repo, pattern_type = placed
                self._repos.setdefault(repo, _Keys()).patterns[pattern_type] = key

    def _place_changes(self, changes: list[bytes]) -> None:
        owners = {
            f"{repo}:{pattern_type}": (repo, pattern_type)
            for repo, keys in self._repos.items()
            for pattern_type in keys.patterns
        }
        for key in changes:
            name = self._text(key[len(self._prefix) + len(b":changes:") :], key)
            if name is None:
                continue
            placed = owners.get(name) or self._split(name, self._type_in_list(key), None)
            if placed is None:
                self.skipped.append(Skipped(_shown(key), None, "it names no repo and no type"))
                continue
            repo, pattern_type = placed
            self._repos.setdefault(repo, _Keys()).changes[pattern_type] = key

    def _type_in_list(self, key: bytes) -> str | None:
        if self.client.type(key) != b"list":
            return None
        try:
            change = json.loads(self.client.lindex(key, 0) or b"null")
        except (ValueError, RecursionError):
            return None
        told = change.get("pattern_type") if isinstance(change, dict) else None
        return told if isinstance(told, str) else None

    def _split(self, name: str, told: str | None, indexed: str | None) -> tuple[str, str] | None:
        """Repo and type of `repo:type`: by the record's word, by the index, by known repos, at the last colon."""
        if told and name.endswith(f":{told}") and len(name) > len(told) + 1:
            return name[: -len(told) - 1], told
        known = [indexed] if indexed else sorted(self._repos, key=len, reverse=True)
        for repo in known:
            if name.startswith(f"{repo}:") and len(name) > len(repo) + 1:
                return repo, name[len(repo) + 1 :]
        repo, _, pattern_type = name.rpartition(":")
        return (repo, pattern_type) if repo and pattern_type else None


def _glob(text: bytes) -> bytes:
    return b"".join(b"\\" + bytes([byte]) if byte in b"*?[]^\\" else bytes([byte]) for byte in text)


def _shown(key: bytes) -> str:
    return key.decode("utf-8", "backslashreplace")
