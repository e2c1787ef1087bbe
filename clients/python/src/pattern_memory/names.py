"""Names that the module takes, from any text: paths with braces, rules with line breaks, both as long as they like.

A name that the module takes as it is stays as it is. In any other, each byte that it refuses is written `%XX` in
hexadecimal, as in a URL; a `%` that would then be misread is written `%25`. What is too long keeps its beginning,
followed by `%~` and the SHA-256 of the whole. `repo_path` and `original` read such names back.
"""

from __future__ import annotations

import hashlib
import re

__all__ = ["identifier", "original", "repo_name", "repo_path"]

_REPO_BYTES = 512
_IDENTIFIER_BYTES = 256
# Control characters (C0, DEL, C1), and the surrogates by which Python carries bytes that are not UTF-8.
_REFUSED = "\x00-\x1f\x7f-\x9f\ud800-\udfff"
# A `%` is ambiguous before two hexadecimal digits and before `~`.
_AMBIGUOUS = "%(?=[0-9A-Fa-f]{2}|~)"
_IN_REPO = re.compile(f"[{{}}{_REFUSED}]|{_AMBIGUOUS}")
_IN_IDENTIFIER = re.compile(f"[{_REFUSED}]|{_AMBIGUOUS}")
_ESCAPED = re.compile(rb"%([0-9A-Fa-f]{2})")
_SHORTENED = re.compile("%~[0-9a-f]{64}$")
# https://user:password@host: the module refuses a secret in a name, and the repo is the same without.
_CREDENTIALS = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)[^/?#@]*:[^/?#]*@")


def repo_name(path: str) -> str:
    """The name in the module of the repo at a path or URL.

    Credentials in a URL (`https://user:token@host/…`) are left out.
    """
    return _shortened(_escaped(_CREDENTIALS.sub(r"\1", path), _IN_REPO), _REPO_BYTES)


def repo_path(name: str) -> str | None:
    """The path or URL (without credentials) that `repo_name` made a name of; None where it was too long to keep."""
    return None if _SHORTENED.search(name) else original(name)


def identifier(text: str) -> str:
    """A type, rule, severity or id of any text."""
    return _shortened(_escaped(text, _IN_IDENTIFIER), _IDENTIFIER_BYTES)


def original(name: str) -> str:
    """The text that `identifier` made a name of; one that was too long stays as it is."""
    if "%" not in name or _SHORTENED.search(name):
        return name
    raw = name.encode("utf-8", "surrogateescape")
    return _ESCAPED.sub(lambda match: bytes.fromhex(match[1].decode()), raw).decode("utf-8", "surrogateescape")


def _escaped(text: str, refused: re.Pattern[str]) -> str:
    return refused.sub(lambda match: "".join(f"%{byte:02X}" for byte in _bytes(match[0])), text)


def _bytes(character: str) -> bytes:
    try:
        return character.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a surrogate pair, which no path holds
        return "\ufffd".encode()


def _shortened(name: str, longest: int) -> str:
    raw = name.encode("utf-8")
    if len(raw) <= longest:
        return name
    ending = f"%~{hashlib.sha256(raw).hexdigest()}"
    beginning = raw[: longest - len(ending)].decode("utf-8", "ignore")
    # Not in the midst of an escape.
    return re.sub("%[0-9A-F]?$", "", beginning) + ending
