"""`pattern-memory completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

# \b keeps click from filling the lines.
_WHERE = """\b
bash: eval "$(pattern-memory completion bash)"         in ~/.bashrc
zsh:  eval "$(pattern-memory completion zsh)"          in ~/.zshrc, after compinit
fish: pattern-memory completion fish > ~/.config/fish/completions/pattern-memory.fish"""


@click.command(short_help="Print the script that completes commands in a shell.", epilog=_WHERE)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that completes commands, options and repos in a shell."""
    from .app import tool

    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError("this release of click knows no completion for that shell")
    click.echo(made(tool, {}, "pattern-memory", "_PATTERN_MEMORY_COMPLETE").source())
