"""Real snippets of the code: the idioms that come back most, one pattern each, named by its content."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from .conventions import Pattern

_FEWEST_SIGHTINGS = 3
_HALF_SURE = 5  # files; the confidence is then 0.5
_MOST_LINES = 4
_MOST_CHARACTERS = 300
_FEWEST_CHARACTERS = 10  # of a docstring


@dataclass
class _Sightings:
    """Where a snippet was seen: how often, in which files, and first where."""

    count: int = 0
    files: set[str] = field(default_factory=set)
    first: str = ""
    example: str | None = None


class SnippetCollector:
    """Takes modules, one after the other, and keeps their idioms by kind."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[str, _Sightings]] = defaultdict(lambda: defaultdict(_Sightings))

    def add_module(self, tree: ast.Module, path: str) -> None:
        """Collects from one file."""
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                for decorator in node.decorator_list:
                    self._add("decorator", f"@{ast.unparse(decorator)}", path, decorator)
                self._add_docstring(node, path)
            elif isinstance(node, ast.ExceptHandler):
                self._add("exception_idiom", ast.unparse(node), path, node)
            elif isinstance(node, (ast.With, ast.AsyncWith)):
                keyword = "with" if isinstance(node, ast.With) else "async with"
                items = ", ".join(ast.unparse(item) for item in node.items)
                self._add("context_manager", f"{keyword} {items}:", path, node)
            elif isinstance(node, ast.If) and _is_guard(node):
                self._add("guard_clause", ast.unparse(node), path, node)

    def patterns(self, most: int) -> Iterator[Pattern]:
        """The `most` frequent snippets of each kind.

        The confidence says how sure it is that a snippet is a habit, not a chance: n / (n + 5), n being the
        files that have it. What a snippet is does not depend on how often it was seen, so that storing it
        again is the same record used again.
        """
        for kind, snippets in sorted(self._seen.items()):
            ranked = sorted(snippets.items(), key=lambda item: (-len(item[1].files), -item[1].count, item[0]))
            for snippet, seen in ranked[:most]:
                if seen.count < _FEWEST_SIGHTINGS:
                    continue
                data: dict[str, object] = {"language": "python", "snippet": seen.example or snippet}
                if seen.example is not None:
                    data["shape"] = snippet
                reason = f"seen {seen.count:,} times in {len(seen.files):,} files, first in {seen.first}"
                confidence = round(len(seen.files) / (len(seen.files) + _HALF_SURE), 4)
                yield Pattern(kind, "AUTO", data, confidence, reason)

    def _add(self, kind: str, snippet: str, path: str, node: ast.AST, example: str | None = None) -> None:
        if example is None and (snippet.count("\n") >= _MOST_LINES or len(snippet) > _MOST_CHARACTERS):
            return
        seen = self._seen[kind][snippet]
        if not seen.count:
            seen.first, seen.example = f"{path}:{getattr(node, 'lineno', 1)}", example
        seen.count += 1
        seen.files.add(path)

    def _add_docstring(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, path: str) -> None:
        text = ast.get_docstring(node)
        if text and _FEWEST_CHARACTERS <= len(text) <= _MOST_CHARACTERS:
            self._add("docstring_shape", docstring_shape(text), path, node, example=text)


def docstring_shape(text: str) -> str:
    """How a docstring is built, in words."""
    lines = text.strip().splitlines()
    if re.search(r"^\s*:(param|return|raises|rtype)\b", text, re.MULTILINE):
        body = "Sphinx fields"
    elif re.search(r"^\s*(Args|Arguments|Returns|Raises|Yields):\s*$", text, re.MULTILINE):
        body = "Google sections"
    elif re.search(r"^\s*(Parameters|Returns)\n\s*-{3,}", text, re.MULTILINE):
        body = "NumPy sections"
    elif ">>> " in text:
        body = "examples"
    elif len(lines) == 1:
        body = "one line"
    elif lines[1].strip():
        body = "summary runs on"
    else:
        body = "summary, blank line, body"
    return f"{body}, {'period' if lines[0].rstrip().endswith('.') else 'no period'}"


def _is_guard(node: ast.If) -> bool:
    """`if x is None: …` with one statement, no else."""
    return (
        not node.orelse
        and len(node.body) == 1
        and isinstance(node.body[0], (ast.Return, ast.Raise, ast.Assign, ast.Continue))
        and isinstance(node.test, (ast.Compare, ast.UnaryOp))
    )
