"""What the tool writes: tables for people, JSON for scripts, and no control character of what is stored."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import IO

_PIPE_WIDTH = 160
_SEVERITIES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "blue", "info": "dim"}
_ACTIONS = {"auto": "bold green", "suggest": "green", "explore": "cyan", "stop": "bold red"}
# What turns the direction of text, with which a name could pose as another one.
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def console(*, stderr: bool = False) -> Console:
    """A console on the standard output, or the error output. Colours only at a terminal and without NO_COLOR."""
    file: IO[str] = sys.stderr if stderr else sys.stdout
    width = None
    if not file.isatty():
        columns = os.environ.get("COLUMNS", "")
        width = int(columns) if columns.isdigit() and int(columns) else _PIPE_WIDTH
    return _Console(file=file, width=width, highlight=False)


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to whoever runs the tool: rich itself ends it with 1."""
        raise BrokenPipeError


def print_json(document: Any) -> None:
    """One document, indented at a terminal, on one line in a pipe."""
    indent = 2 if sys.stdout.isatty() else None
    click.echo(json.dumps(document, ensure_ascii=False, indent=indent).encode("utf-8", "replace"))


def plain(text: object) -> str:
    """Text of the memory without what a terminal would obey."""
    return "".join("\ufffd" if _is_obeyed(character) else character for character in str(text))


def said(text: object, style: str = "") -> Text:
    """The same, so that no markup in it counts either."""
    return Text(plain(text), style=style, overflow="fold")


def severity(name: str) -> Text:
    """A severity in its colour."""
    return said(name, _SEVERITIES.get(name.lower(), "magenta"))


def action(name: str) -> Text:
    """What to do with a fix, in its colour."""
    return said(name, _ACTIONS.get(name, ""))


def moment(text: str) -> Text:
    """A time to the minute."""
    return said(f"{text[:10]} {text[11:16]}", "dim")


@dataclass(frozen=True)
class Column:
    """A column. One with `from_width` is only shown in terminals of that many columns and more."""

    name: str
    is_number: bool = False
    from_width: int = 0


def table(out: Console, title: str, columns: Sequence[Column], rows: Iterable[Sequence[Text | str]]) -> Table:
    """A table of those columns that there is room for."""
    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    shown = [i for i, column in enumerate(columns) if out.width >= column.from_width]
    for i in shown:
        column = columns[i]
        made.add_column(
            column.name, justify="right" if column.is_number else "left", no_wrap=column.is_number, overflow="fold"
        )
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else said(cell) for cell in (row[i] for i in shown)))
    return made


def _is_obeyed(character: str) -> bool:
    code = ord(character)
    return (code < 0x20 and character != "\n") or 0x7F <= code < 0xA0 or character in _DIRECTIONS
