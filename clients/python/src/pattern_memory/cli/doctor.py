"""`pattern-memory doctor`: whether all is well between here and the memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.text import Text

from . import exits, output
from .checks import FAIL, OK, WARN, Check, examine
from .options import chosen_repo, repo_argument, server_options
from .output import said

if TYPE_CHECKING:
    from pattern_memory import Memory

_MARKS = {OK: (" ok  ", "bold green"), WARN: ("warn ", "bold yellow"), FAIL: ("FAIL ", "bold red")}


@click.command(short_help="Check the server, the module and your access.")
@repo_argument
@click.option("--strict", is_flag=True, help="End with 1 for a warning, too.")
@server_options
def doctor(memory: Memory, repo: str | None, strict: bool, as_json: bool) -> int:
    """Check that the server is there and has the module, its memory, persistence and cluster, and your access to REPO.

    Each check is ok, warn or fail, and says what to do. Ends with 0 where none failed, with 3 where the server or the
    module is not there, else with 1.
    """
    checks: list[Check] = []
    out = output.console()
    url = click.get_current_context().params.get("url", "")
    for check in examine(memory, chosen_repo(memory, repo), url):
        checks.append(check)
        if not as_json:
            mark, style = _MARKS[check.state]
            name = f"{check.node} {check.name}" if check.node else check.name
            out.print(Text.assemble((mark, style), (f"{name}: ", "bold"), said(check.says)))
            if check.advice:
                out.print(Text.assemble("      ", said(check.advice, "dim")))
    failed = [check for check in checks if check.state == FAIL]
    warned = [check for check in checks if check.state == WARN]
    if as_json:
        state = FAIL if failed else WARN if warned else OK
        output.print_json({"state": state, "checks": [check.as_json() for check in checks]})
    if any(check.is_fatal for check in failed):
        return exits.NO_SERVER
    return exits.NEGATIVE if failed or (strict and warned) else exits.OK
