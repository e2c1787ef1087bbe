"""The linter's fixes, really tried: on copies of files that have the finding, in a temporary directory."""

from __future__ import annotations

import ast
import hashlib
import shutil
import subprocess
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from .codebase import CodeBase
from .findings import Finding, family_of, parse

# Bounds of the work. So many files of one rule, because only with 35 successes in a row is the lower bound of
# the success rate 90 %; and so many in all, because the module remembers 1,000 outcomes one by one.
MOST_FILES = 40
MOST_TRIES = 1000


@dataclass(frozen=True)
class Outcome:
    """What became of one file's findings of one rule: what `FIX.RECORD` takes."""

    issue_type: str
    fix_type: str
    rule: str
    file: str
    before: int
    after: int
    still_parses: bool
    key: str

    @property
    def success(self) -> bool:
        """The finding is gone, and the file is still Python."""
        return self.after == 0 and self.still_parses

    @property
    def feedback(self) -> float:
        """1 where all findings are gone, -1 where none is, or the file broke."""
        return round(2 * (self.before - self.after) / self.before - 1, 4) if self.still_parses else -1.0


@dataclass(frozen=True)
class Trial:
    """One way of fixing one rule, and the files to try it on."""

    rule: str
    unsafe: bool
    files: tuple[str, ...]

    @property
    def fix_type(self) -> str:
        """`ruff-fix/F401`, or `ruff-unsafe-fix/F401` where ruff may change what the code does."""
        return f"ruff-{'unsafe-' if self.unsafe else ''}fix/{self.rule}"


def plan_trials(findings: Iterable[Finding]) -> list[Trial]:
    """Which fixes to try. A rule with unsafe fixes is tried both ways: how far the safe ones get is worth
    knowing too."""
    files: dict[str, set[str]] = defaultdict(set)
    unsafe: set[str] = set()
    for finding in findings:
        if finding.applicability in {"safe", "unsafe"}:
            files[finding.rule].add(finding.path)
            if finding.applicability == "unsafe":
                unsafe.add(finding.rule)
    trials: list[Trial] = []
    tries = 0
    for rule in sorted(files, key=lambda rule: (-len(files[rule]), rule)):
        chosen = _spread(sorted(files[rule]), MOST_FILES)
        ways = [False, True] if rule in unsafe else [False]
        tries += len(ways) * len(chosen)
        if tries > MOST_TRIES:
            break
        trials += [Trial(rule, way, chosen) for way in ways]
    return trials


def run_trials(ruff: Path, code: CodeBase, trials: list[Trial], tried: Callable[[Trial], None]) -> list[Outcome]:
    """Tries them all; `tried` is called after each."""
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="pattern-memory-fixes-") as directory:
        for trial in trials:
            outcomes += _try(ruff, code, trial, Path(directory))
            tried(trial)
    return outcomes


def _try(ruff: Path, code: CodeBase, trial: Trial, directory: Path) -> list[Outcome]:
    """One trial: copy, count, fix, count again."""
    copies: dict[Path, str] = {}
    place = directory / "trial"
    for number, original in enumerate(trial.files):
        copy = place / f"{number:03}" / Path(original).name
        copy.parent.mkdir(parents=True)
        shutil.copyfile(original, copy)
        copies[copy.resolve()] = original
    digests = {copy: _digest(copy) for copy in copies}
    before = _count(ruff, trial, place, fix=False)
    after = _count(ruff, trial, place, fix=True)
    outcomes = []
    for copy, original in copies.items():
        if not before[copy]:
            continue  # the finding came from the file's place, and is not there in a copy
        file = code.relative(original)
        key = hashlib.sha256(f"{trial.fix_type}\0{file}\0{digests[copy]}".encode()).hexdigest()[:32]
        outcomes.append(
            Outcome(
                issue_type=family_of(trial.rule).issue_type,
                fix_type=trial.fix_type,
                rule=trial.rule,
                file=file,
                before=before[copy],
                after=after[copy],
                still_parses=_digest(copy) == digests[copy] or _parses(copy),
                key=key,
            )
        )
    shutil.rmtree(place)
    return outcomes


def _count(ruff: Path, trial: Trial, place: Path, *, fix: bool) -> Counter[Path]:
    """Findings of the trial's rule per file below `place`; with `fix`, of what is left after fixing."""
    command = [str(ruff), "check", "--isolated", "--no-cache", "--exit-zero", "--output-format=json"]
    command.append(f"--select={trial.rule}")
    if fix:
        command.append("--fix")
        if trial.unsafe:
            command.append("--unsafe-fixes")
    ran = subprocess.run([*command, str(place)], capture_output=True, check=True)
    counts: Counter[Path] = Counter()
    for finding in parse(ran.stdout):
        if finding.rule == trial.rule:
            counts[Path(finding.path).resolve()] += 1
    return counts


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _parses(path: Path) -> bool:
    try:
        ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return False
    return True


def _spread(items: list[str], most: int) -> tuple[str, ...]:
    """`most` of the items, evenly spread, the same ones each time."""
    if len(items) <= most:
        return tuple(items)
    return tuple(items[index * len(items) // most] for index in range(most))
