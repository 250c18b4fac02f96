"""`solstice completion`: the script that teaches a shell to complete our commands and options."""

import click
from click.shell_completion import get_completion_class

_PROGRAM = "solstice"
_VARIABLE = "_SOLSTICE_COMPLETE"
"""What the script sets when it asks for completions; the command line library looks for it by itself."""


@click.command(name="completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion_command(context: click.Context, shell: str) -> None:
    """Print the completion script for SHELL.

    \b
    bash:  eval "$(solstice completion bash)"            in ~/.bashrc
    zsh:   eval "$(solstice completion zsh)"             in ~/.zshrc
    fish:  solstice completion fish > ~/.config/fish/completions/solstice.fish
    """
    click.echo(write_completion(context.find_root().command, shell))


def write_completion(command: click.Command, shell: str) -> str:
    """Write the script that completes ``command`` in a shell."""
    known = get_completion_class(shell)
    if known is None:
        raise click.UsageError(f"no completion is known for the shell {shell!r}")
    completion = known(command, {}, _PROGRAM, _VARIABLE)
    # Not `source()`: it would start bash merely to learn its version.
    return completion.source_template % completion.source_vars()
