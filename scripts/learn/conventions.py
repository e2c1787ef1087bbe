"""The conventions a code base keeps, counted from its syntax trees.

Each becomes one pattern whose confidence is the share of the code that keeps it.
"""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_Function = (ast.FunctionDef, ast.AsyncFunctionDef)

_FEWEST_SIGHTINGS = 5  # of fewer nothing is concluded
_MOST_EXAMPLES = 3


@dataclass(frozen=True)
class Pattern:
    """What `PATTERN.STORE` takes."""

    pattern_type: str
    id: str
    data: dict[str, object]
    confidence: float
    reason: str


@dataclass
class Tally:
    """How often each style of one convention was seen, with the first names that show it."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, style: str, example: str = "") -> None:
        """Counts one sighting."""
        self.counts[style] += 1
        shown = self.examples[style]
        if example and len(shown) < _MOST_EXAMPLES and example not in shown:
            shown.append(example)


# What each convention is about, for the reason that is stored with it.
_QUESTIONS = {
    ("naming_convention", "functions"): "how functions are named",
    ("naming_convention", "methods"): "how methods are named",
    ("naming_convention", "classes"): "how classes are named",
    ("naming_convention", "arguments"): "how arguments are named",
    ("naming_convention", "variables"): "how local variables are named",
    ("import_style", "form"): "whether modules or names are imported",
    ("import_style", "origin"): "whether imports are absolute or relative",
    ("import_style", "placement"): "where imports stand",
    ("import_style", "grouping"): "how many modules one import statement names",
    ("import_style", "star"): "whether all names of a module are imported at once",
    ("string_formatting", "default"): "how strings are formatted",
    ("type_hints", "functions"): "whether functions have type hints",
    ("docstrings", "public"): "whether public functions and classes have a docstring",
    ("error_handling", "handlers"): "what is caught",
    ("error_handling", "raises"): "whether an exception raised in a handler names its cause",
    ("file_handling", "open"): "how files are opened",
}


class ConventionCounter(ast.NodeVisitor):
    """Visits modules, one after the other, and keeps a tally per convention."""

    def __init__(self) -> None:
        self.tallies: dict[tuple[str, str], Tally] = defaultdict(Tally)
        self._scopes: list[ast.AST] = []
        self._handlers = 0
        self._managed: set[ast.AST] = set()

    def visit_module(self, tree: ast.Module) -> None:
        """Counts one file."""
        self._scopes, self._handlers, self._managed = [tree], 0, set()
        self.generic_visit(tree)

    def patterns(self) -> Iterator[Pattern]:
        """What was counted, as patterns to store; what was hardly seen is no convention."""
        for (pattern_type, name), question in _QUESTIONS.items():
            tally = self.tallies.get((pattern_type, name))
            total = tally.counts.total() if tally else 0
            if total < _FEWEST_SIGHTINGS:
                continue
            style, count = tally.counts.most_common(1)[0]
            share = count / total
            data: dict[str, object] = {
                "about": question,
                "style": style,
                "share": round(share, 4),
                "seen": dict(tally.counts.most_common()),
                "examples": tally.examples[style],
            }
            reason = f"{style}: {count:,} of {total:,}"
            yield Pattern(pattern_type, name, data, round(share, 4), reason)

    # Names

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._visit_function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._visit_function(node)

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        is_method = isinstance(self._scopes[-1], ast.ClassDef)
        self._count_name("methods" if is_method else "functions", node.name)
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        for argument in arguments:
            if argument.arg not in {"self", "cls"}:
                self._count_name("arguments", argument.arg)
        hinted = node.returns is not None or any(argument.annotation for argument in arguments)
        self._tally("type_hints", "functions", "hinted" if hinted else "not hinted", node.name)
        self._count_docstring(node)
        self._descend(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._count_name("classes", node.name)
        self._count_docstring(node)
        self._descend(node)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store) and isinstance(self._scopes[-1], _Function):
            self._count_name("variables", node.id)

    def _count_name(self, what: str, name: str) -> None:
        if style := naming_style(name):
            self._tally("naming_convention", what, style, name)

    def _count_docstring(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        if not node.name.startswith("_") and not isinstance(self._scopes[-1], _Function):
            style = "documented" if ast.get_docstring(node, clean=False) else "not documented"
            self._tally("docstrings", "public", style, node.name)

    # Imports

    def visit_Import(self, node: ast.Import) -> None:
        names = ", ".join(alias.name for alias in node.names)
        self._tally("import_style", "form", "import module", f"import {names}")
        self._tally("import_style", "grouping", "one" if len(node.names) == 1 else "several", f"import {names}")
        self._count_import_place(f"import {names}")

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.module == "__future__":
            return
        origin = "." * node.level + (node.module or "")
        text = f"from {origin} import {node.names[0].name}"
        is_star = node.names[0].name == "*"
        self._tally("import_style", "form", "from module import names", text)
        self._tally("import_style", "origin", "relative" if node.level else "absolute", text)
        self._tally("import_style", "star", "all names" if is_star else "chosen names", text)
        self._count_import_place(text)

    def _count_import_place(self, text: str) -> None:
        nested = any(isinstance(scope, _Function) for scope in self._scopes)
        self._tally("import_style", "placement", "inside functions" if nested else "top of the module", text)

    # Strings, files, errors

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._tally("string_formatting", "default", "f-string")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.Mod) and _is_text(node.left):
            self._tally("string_formatting", "default", "percent")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute) and node.func.attr == "format" and _is_text(node.func.value):
            self._tally("string_formatting", "default", "str.format")
        if isinstance(node.func, ast.Name) and node.func.id == "open":
            style = "with statement" if node in self._managed else "plain call"
            self._tally("file_handling", "open", style, ast.unparse(node)[:80])
        self.generic_visit(node)

    def visit_With(self, node: ast.With) -> None:
        self._managed.update(item.context_expr for item in node.items)
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        caught = ast.unparse(node.type) if node.type else ""
        if not caught:
            style = "everything (bare except)"
        elif caught in {"Exception", "BaseException"}:
            style = "any Exception"
        else:
            style = "named exceptions"
        self._tally("error_handling", "handlers", style, f"except {caught}"[:80].strip())
        self._handlers += 1
        self.generic_visit(node)
        self._handlers -= 1

    def visit_Raise(self, node: ast.Raise) -> None:
        if self._handlers and node.exc is not None:
            style = "raise … from …" if node.cause is not None else "raise without from"
            self._tally("error_handling", "raises", style, ast.unparse(node)[:80])
        self.generic_visit(node)

    def _descend(self, scope: ast.AST) -> None:
        handlers, self._handlers = self._handlers, 0
        self._scopes.append(scope)
        self.generic_visit(scope)
        self._scopes.pop()
        self._handlers = handlers

    def _tally(self, pattern_type: str, name: str, style: str, example: str = "") -> None:
        self.tallies[pattern_type, name].add(style, example)


def naming_style(name: str) -> str | None:
    """`snake_case`, `camelCase`, `PascalCase`, `UPPER_CASE` or `mixed`; None for a name that shows none."""
    bare = name.strip("_")
    if len(bare) < 2 or (name.startswith("__") and name.endswith("__")):
        return None
    if re.fullmatch(r"[a-z0-9_]+", bare):
        return "snake_case"
    if re.fullmatch(r"[A-Z0-9_]+", bare):
        return "UPPER_CASE"
    if re.fullmatch(r"[a-z]+[a-z0-9]*([A-Z][A-Za-z0-9]*)+", bare):
        return "camelCase"
    if re.fullmatch(r"[A-Z][A-Za-z0-9]*", bare):
        return "PascalCase"
    return "mixed"


def parse_file(path: Path) -> ast.Module | None:
    """The syntax tree of a file, None where this Python cannot read it."""
    try:
        return ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError, OSError):
        return None


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
