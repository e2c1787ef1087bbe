"""Files that are better not learned from: the one thing that the replaced anonymizer knew and the module does not."""

from __future__ import annotations

import re
from pathlib import PurePath

_SENSITIVE = re.compile(r"\.env.*|.*\.(key|pem)$|.*secrets.*\.ya?ml|.*config.*\.json|.*credentials.*", re.IGNORECASE)


def is_sensitive_file(file_path: str) -> bool:
    """Whether a file of that name is likely to hold secrets; nothing is read."""
    return _SENSITIVE.match(PurePath(file_path).name) is not None
