"""The tool: its commands, and how it ends."""

from __future__ import annotations

import os
import sys

import click

from pattern_memory import PatternMemoryError, __version__

from . import exits
from .completion import completion
from .doctor import doctor
from .ingest import ingest
from .migrate import migrate
from .reading import advise, history, insights, patterns, repos, trends
from .report import report
from .watch import watch


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=exits.EXPLANATION,
)
@click.version_option(__version__, prog_name="pattern-memory")
def tool() -> None:
    """See, feed and look after the memory that code-review agents share in Redis.

    REPO is the name of a repo in the memory. Where it is left out it is that of the current directory: host, owner and
    name of its git remote, else the directory's name.
    """


for command in (ingest, insights, trends, history, patterns, advise, repos, report, watch, doctor, migrate, completion):
    tool.add_command(command)


def run(arguments: list[str] | None = None) -> int:
    """Runs the tool; the exit code."""
    try:
        code = tool.main(args=arguments, prog_name="pattern-memory", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.exceptions.Exit as end:
        return end.exit_code
    except (click.Abort, KeyboardInterrupt):
        return exits.INTERRUPTED
    except PatternMemoryError as error:
        failure = exits.failure(error)
        failure.show()
        return failure.exit_code
    except exits.ReaderGone:
        # What is left in the buffer goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.OK
    return code if isinstance(code, int) else exits.OK
