"""What the tool's exit codes mean, and how an error gets one."""

from __future__ import annotations

import click

from pattern_memory import ModuleNotLoaded, PatternMemoryError, ServerUnreachable

OK = 0
NEGATIVE = 1
"""It ran, and the answer is no: a check failed, no fix to advise, a report or a record that could not be read."""
USAGE = 2
NO_SERVER = 3
"""The server cannot be reached, or has not loaded the module."""
REFUSED = 4
"""The server refused: access, memory, an argument."""
INTERRUPTED = 130

EXPLANATION = """\b
Exit codes: 0 done; 1 done, and the answer is no (a check failed, nothing to
advise, a report or record could not be read); 2 wrong usage; 3 the server
cannot be reached or has not loaded the module; 4 the server refused;
130 interrupted."""


class ReaderGone(Exception):
    """Whoever read the output, `head` perhaps, has had enough."""


class Failure(click.ClickException):
    """Ends the tool with one sentence: the server refused."""

    exit_code = REFUSED


class NoServer(Failure):
    """The same, where there is no server to speak of."""

    exit_code = NO_SERVER


class Negative(Failure):
    """The same, where the answer is no."""

    exit_code = NEGATIVE


def failure(error: PatternMemoryError) -> Failure:
    """For an error of the library."""
    if isinstance(error, ServerUnreachable):
        return NoServer(f"the server cannot be reached: {error}")
    return NoServer(str(error)) if isinstance(error, ModuleNotLoaded) else Failure(str(error))
