"""Brings one repo after the other to the server, so that each arrives exactly once.

An import is one atomic command, but whoever sent it may be gone before it learns of the answer. So the document carries
a *trace*, a pattern of its own, which is there if and only if the import was carried out:

1. import the document with the trace: all of it, or nothing;
2. write the *mark*, a plain key beside the repo, that says which data were moved;
3. remove the trace.

A run that finds the mark does nothing; one that finds the trace goes on at step 2. Should the old data have changed
since, the repo is reported and not added a second time.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone, tzinfo
from typing import TYPE_CHECKING, Any

from pattern_memory.errors import InvalidArgument, PatternMemoryError, ServerUnreachable

from .document import Built, Reading, build, origin_name
from .records import written
from .source import OldRepo, Skipped, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .target import Target

_MOST_REFUSALS = 1_000
_REFUSED_AT = re.compile(r"json: (patterns|issues|fixes|sessions)\[(\d+)\]")


@dataclass
class RepoResult:
    """What became of one repo.

    `state`: `moved`, `would move` (a dry run), `already` (an earlier run moved it), `changed` (moved before, and the
    old data are not the same any more), `nothing` (no record can move) or `failed`.
    """

    old_name: str
    repo: str
    state: str
    patterns: int = 0
    issues: int = 0
    fixes: int = 0
    sessions: int = 0
    redactions: int = 0
    old_keys: int = 0
    deleted_keys: int = 0
    reason: str | None = None
    skipped: list[Skipped] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether all that was there is now in the memory."""
        return self.state in {"moved", "would move", "already"} and not self.skipped

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


class Migration:
    """One run. `name_of` says what a repo is called on the server, `zone` what old times are of (None: local)."""

    def __init__(
        self,
        source: Source,
        target: Target,
        *,
        name_of: Callable[[str], str],
        zone: tzinfo | None = None,
        dry_run: bool = False,
        replace: bool = False,
        delete_old: bool = False,
        after_step: Callable[[str], None] = lambda _step: None,
    ) -> None:
        self._source, self._target, self._name_of = source, target, name_of
        self._dry_run, self._replace, self._delete_old = dry_run, replace, delete_old
        self._after_step = after_step
        self._reading = Reading(target.half_lives(), zone)

    def run(self) -> Iterator[RepoResult]:
        """Moves all repos; what fails for one does not keep the others from moving."""
        for name in self._source.repos:
            yield self.move(name)

    def move(self, name: str) -> RepoResult:
        """Moves one repo."""
        old = self._source.read(name)
        result = RepoResult(name, self._name_of(name), "moved", old_keys=len(old.keys))
        try:
            self._move(old, result)
        except ServerUnreachable:
            raise
        except PatternMemoryError as error:
            result.state, result.reason = "failed", str(error)
        return result

    def _move(self, old: OldRepo, result: RepoResult) -> None:
        digest = old.digest()
        built = build(old, self._source, result.repo, datetime.now(timezone.utc), self._reading)
        _tell(result, built)
        if not any(built.counts.values()):
            result.state = "nothing"
            return
        if self._replace and len([name for name in self._source.repos if self._name_of(name) == result.repo]) > 1:
            raise PatternMemoryError("several old repos have this name, and --replace would forget all but the last")
        moved = self._moved_before(result)
        if moved is not None and not self._replace:
            result.state = "already" if moved == digest else "changed"
            if result.state == "changed":
                result.reason = "it was moved before, and the old data have changed since"
        elif self._dry_run:
            result.state = "would move"
            return
        else:
            self._import(old, result, built, digest)
        if self._dry_run:
            return
        self._finish(result, moved if result.state == "changed" and moved else digest)
        if self._delete_old and result.state in {"moved", "already"}:
            self._delete(old, result)

    def _moved_before(self, result: RepoResult) -> str | None:
        """The digest of what was moved from this source: by the mark, or by a trace that a broken run left."""
        mark = self._target.mark(result.repo, result.old_name)
        return mark if mark is not None else self._target.trace(result.repo, result.old_name)

    def _import(self, old: OldRepo, result: RepoResult, built: Built, digest: str) -> None:
        refused: set[str] = set()
        names: list[Skipped] = []
        while True:
            try:
                imported = self._target.import_(
                    result.repo, self._with_trace(old, built, digest), replace=self._replace
                )
                break
            except InvalidArgument as error:
                # The module names the element that it refuses: all others move.
                found = _REFUSED_AT.search(str(error))
                origins = built.origins.get(found[1], []) if found else []
                if found is None or int(found[2]) >= len(origins) or len(refused) >= _MOST_REFUSALS:
                    raise
                origin = origins[int(found[2])]
                refused.add(origin_name(origin))
                names.append(
                    Skipped(*_discreet(origin), f"the server refuses it: {str(error)[found.end() :].strip(' .:')}")
                )
                now = datetime.now(timezone.utc)
                built = build(old, self._source, result.repo, now, self._reading, frozenset(refused))
        self._after_step("imported")
        _tell(result, built)
        result.skipped += names
        result.redactions = imported["redactions"]

    def _with_trace(self, old: OldRepo, built: Built, digest: str) -> dict[str, Any]:
        trace = self._target.trace_pattern(old.name, digest, written(datetime.now(timezone.utc)))
        # Last, so that the places of the others are those of their origins.
        return {**built.document, "patterns": [*built.document["patterns"], trace]}

    def _finish(self, result: RepoResult, digest: str) -> None:
        self._target.set_mark(result.repo, result.old_name, digest)
        self._after_step("marked")
        self._target.remove_trace(result.repo, result.old_name)
        self._after_step("finished")

    def _delete(self, old: OldRepo, result: RepoResult) -> None:
        if result.skipped:
            result.reason = "the old keys stay, as some records did not move"
            return
        deleted = self._source.delete(old)
        if deleted is None:
            result.reason = "the old keys stay, as they have changed meanwhile"
        else:
            result.deleted_keys = deleted


def _tell(result: RepoResult, built: Built) -> None:
    counts = built.counts
    result.patterns, result.issues = counts["patterns"], counts["issues"]
    result.fixes, result.sessions = counts["fixes"], counts["sessions"]
    result.skipped = list(built.skipped)


def _discreet(origin: tuple[str, str | None]) -> tuple[str, str | None]:
    """Where a refused record is, without its name, which may be what was refused: it may hold a secret."""
    key, record = origin
    if record is not None and record.startswith("["):
        return key, record
    return (key, "a field that is not shown") if record is not None else ("a pattern that is not shown", None)
