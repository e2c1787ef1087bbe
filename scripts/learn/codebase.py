"""Which files the job is about, and what their repository is called."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

# Of the standard library itself: its test suite is no example of how its code is written.
_STDLIB_EXCLUDES = ("test", "tests", "site-packages", "dist-packages")


@dataclass(frozen=True)
class CodeBase:
    """A tree of Python files, all of them below `root`, sorted by path."""

    root: Path
    repo: str
    files: tuple[Path, ...]
    excludes: tuple[str, ...] = ()

    def relative(self, path: Path | str) -> str:
        """The path below the root, as it is shown and stored."""
        path = Path(path)
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.name


def find_code_base(ruff: Path, path: str | None, repo: str | None) -> CodeBase:
    """The code base at `path`, or the standard library of this machine's Python.

    The files are those that ruff looks at, so that counts and findings speak of the same code.
    """
    if path is None:
        root = Path(sysconfig.get_path("stdlib")).resolve()
        excludes = _STDLIB_EXCLUDES
    else:
        root = Path(path).expanduser().resolve()
        excludes = ()
    if not root.exists():
        raise FileNotFoundError(f"{path}: no such file or directory")
    command = [str(ruff), "check", "--isolated", "--show-files"]
    if excludes:
        command.append(f"--extend-exclude={','.join(excludes)}")
    shown = subprocess.run([*command, str(root)], capture_output=True, text=True, check=True)
    files = tuple(sorted(Path(line) for line in shown.stdout.splitlines() if line.endswith(".py")))
    if not files:
        raise FileNotFoundError(f"{root}: no Python files there")
    if root.is_file():
        root = root.parent
    return CodeBase(root, repo or _repo_name(root, path is None), files, excludes)


def _repo_name(root: Path, is_stdlib: bool) -> str:
    """`host/owner/name` of the git remote, else the directory's name."""
    if is_stdlib:
        return f"python/cpython-{sys.version_info.major}.{sys.version_info.minor}-stdlib"
    try:
        remote = subprocess.run(
            ["git", "-C", str(root), "config", "--get", "remote.origin.url"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip()
    except OSError:  # git is not installed
        remote = ""
    return _repo_of_remote(remote) or re.sub(r"[{}\x00-\x1f\x7f]", "_", root.name)[:128] or "repository"


def _repo_of_remote(remote: str) -> str | None:
    """The name in a remote's URL; user names and tokens in it are left out."""
    if "://" in remote:
        parts = urlsplit(remote)
        host, path = parts.hostname or "", parts.path
    elif match := re.fullmatch(r"(?:[^@/]+@)?([^:/]+):(.+)", remote):
        host, path = match[1], match[2]
    else:
        return None
    name = f"{host}/{path.strip('/').removesuffix('.git')}"
    return name if host and re.fullmatch(r"[\w./~+-]{1,512}", name) else None
