"""`python -m pattern_memory.cli`."""

from __future__ import annotations

from . import main

main()
