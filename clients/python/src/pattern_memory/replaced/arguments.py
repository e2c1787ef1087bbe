"""What agents give the replaced class, as the module takes it."""

from __future__ import annotations

from ..errors import InvalidArgument
from ..names import identifier, repo_name

_LONGEST_WINDOW = 3_650


def repo(path: object) -> str:
    """The name of the repo at a path."""
    written = text(path)
    if not written:
        raise InvalidArgument("repo_path must not be empty")
    return repo_name(written)


def type_name(pattern_type: object) -> str:
    """The type of a pattern."""
    written = text(pattern_type)
    if not written:
        raise InvalidArgument("pattern_type must not be empty")
    return identifier(written)


def text(value: object) -> str:
    """As the replaced class wrote it into keys and JSON: paths as their text, enumerated strings as their value."""
    return str.__str__(value) if isinstance(value, str) else str(value)


def confidence(value: float) -> float:
    """A confidence from 0 to 1."""
    if not 0.0 <= value <= 1.0:
        raise InvalidArgument("confidence must be a number from 0 to 1")
    return float(value)


def days(days_back: float) -> int:
    """Days as the module takes them: whole UTC days, today at least, ten years at most."""
    return int(min(max(days_back, 1), _LONGEST_WINDOW))
