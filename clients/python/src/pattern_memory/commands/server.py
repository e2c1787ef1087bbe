"""Commands that are not about one repo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .request import Request, command, document, free_text, options

if TYPE_CHECKING:
    from ..documents import Anonymized, Health, ReposPage, Rules


def anonymize(text: str, *, json: bool = False) -> Request[Anonymized]:
    """What a write would keep of a text; stores nothing. With `json` it is JSON and comes back as canonical JSON."""
    words = ["JSON"] if json else []
    return command("PATTERN.ANONYMIZE", free_text(text), *words, read=document, keyless=True)


def rules(*, reload: bool = False) -> Request[Rules]:
    """The redaction rules in force; `reload` reads the file of rules again first, on every node of a cluster."""
    words = ["RELOAD"] if reload else []
    return command("PATTERN.RULES", *words, read=document, keyless=True, everywhere=reload)


def health(repo: str | None = None) -> Request[Health]:
    """The state of the server; with a repo, what it holds and for how long."""
    if repo is None:
        return command("PATTERN.HEALTH", read=document, keyless=True)
    return command("PATTERN.HEALTH", repo, read=document)


def repos_page(cursor: str, match: str | None, count: int) -> Request[ReposPage]:
    """One step over the repos of a node; begins and ends with the cursor "0"."""
    return command("PATTERN.REPOS", *options(CURSOR=cursor, MATCH=match, COUNT=count), read=document, keyless=True)


def repo_health(repo: str) -> Request[Health]:
    """What the repo holds and for how long, and the state of the server."""
    return health(repo)
