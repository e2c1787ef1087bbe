"""Moves what the replaced class left behind (`kirolinter:*` keys) into the memory of the module.

`source` finds and reads the old keys, `document` turns one repo into a document for `PATTERN.IMPORT`, and `move`
brings it to the server so that it arrives exactly once, however often a run is broken off and begun again.
"""

from __future__ import annotations

from .document import Built, HalfLives, Reading, build
from .move import Migration, RepoResult
from .source import OldRepo, Skipped, Source
from .target import Target

__all__ = [
    "Built",
    "HalfLives",
    "Migration",
    "OldRepo",
    "Reading",
    "RepoResult",
    "Skipped",
    "Source",
    "Target",
    "build",
]
