"""`pattern-memory`, the tool for people."""

from __future__ import annotations

import sys

_MISSING = "pattern-memory: the tool needs a few more packages: pip install 'pattern-memory[cli]'"


def main() -> None:
    """What the installed script runs."""
    try:
        from .app import run
    except ModuleNotFoundError as error:
        if error.name not in {"click", "rich", "jinja2", "markupsafe"}:
            raise
        sys.exit(_MISSING)
    sys.exit(run())
