"""What can be wrong with a report."""

from __future__ import annotations


class SarifError(ValueError):
    """What is wrong with a report, and where in it."""
