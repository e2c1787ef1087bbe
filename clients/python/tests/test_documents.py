"""Every example of the documents is run, and answers what the page says."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import redis

import pattern_memory
from servers import running

if TYPE_CHECKING:
    from servers import Server

_PACKAGE = Path(__file__).parent.parent
PAGES = [_PACKAGE / "README.md", _PACKAGE.parent.parent / "docs" / "python.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_do_what_the_page_says(page: Path, cluster: list[Server]) -> None:
    text = page.read_text(encoding="utf-8")
    blocks = list(re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    assert blocks
    known: dict[str, Any] = {}
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    with running() as server:
        for block in blocks:
            line = text.count("\n", 0, block.start(1))
            code = (
                block[1].replace("redis://localhost:6379", server.url).replace("redis://localhost:7000", cluster[0].url)
            )
            if ">>>" not in code:
                exec(compile(code, f"{page}:{line}", "exec"), known)
                continue
            examples = doctest.DocTestParser().get_doctest(code, known, page.name, str(page), line)
            report: list[str] = []
            runner.run(examples, out=report.append, clear_globs=False)
            known.update(examples.globs)
            assert not report, "".join(report)
        for held in known.values():
            if isinstance(held, pattern_memory.RedisPatternMemory):
                held.redis.close()
            elif isinstance(held, (pattern_memory.Memory, redis.Redis)):
                held.close()
