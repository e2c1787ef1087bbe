"""What the repo is called that the tool is run in."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from pattern_memory import repo_name


def repo_of_directory(directory: Path) -> str:
    """`host/owner/name` of the git remote, else the name of the repository's directory, else the directory's."""
    remote = _git(directory, "config", "--get", "remote.origin.url")
    if remote:
        named = repo_of_remote(remote)
        if named:
            return named
    top = _git(directory, "rev-parse", "--show-toplevel")
    return repo_name((Path(top) if top else directory.resolve()).name or "repository")


def repo_of_remote(remote: str) -> str | None:
    """The name in a remote's URL; user names, tokens, ports and `.git` are left out."""
    if "://" in remote:
        try:
            parts = urlsplit(remote)
            host, path = parts.hostname or "", parts.path
        except ValueError:
            return None
        if not host:
            return repo_name(Path(path).name.removesuffix(".git")) or None
    elif match := re.fullmatch(r"(?:[^@/]+@)?([^:/@]+):(.+)", remote):
        host, path = match[1], match[2]
    else:
        return repo_name(Path(remote).name.removesuffix(".git")) or None
    path = path.strip("/").removesuffix(".git")
    return repo_name(f"{host}/{path}") if path else None


def _git(directory: Path, *arguments: str) -> str:
    try:
        ran = subprocess.run(  # noqa: S603
            ["git", "-C", str(directory), *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
        )
    except OSError:  # git is not installed
        return ""
    return ran.stdout.strip() if ran.returncode == 0 else ""
