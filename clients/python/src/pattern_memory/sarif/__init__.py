"""Reports of linters in SARIF 2.1: what was found, how often, and how bad it is.

`read_report` takes the bytes of a file and answers counts, ready for `ISSUE.MTRACK`. It knows no server.
"""

from __future__ import annotations

from .errors import SarifError
from .reader import Report, read_report

__all__ = ["Report", "SarifError", "read_report"]
