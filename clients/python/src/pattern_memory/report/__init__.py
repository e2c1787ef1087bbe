"""One self-contained HTML page about a repo: no script, nothing from the network.

`collect` asks the server, `render` makes the page. What is stored in the memory is hostile text here: it reaches the
page only through the template's and the charts' escaping.
"""

from __future__ import annotations

from .collect import Findings, collect
from .page import render

__all__ = ["Findings", "collect", "render"]
