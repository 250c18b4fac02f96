"""The commands of `solstice`: each subcommand is imported when it is called, so that `--help` is quick."""

from importlib import import_module

import click

from solstice import __version__

COMMANDS = {
    "run": ("solstice.main.run:run_command", "Run a repository's workflow here."),
    "check": ("solstice.cli.check:check_command", "Check a workflow file and show every mistake."),
    "plan": ("solstice.cli.plan:plan_command", "Show the jobs a workflow comes to."),
    "images": ("solstice.main.images:images_command", "List, fetch, build and remove images."),
    "doctor": ("solstice.main.doctor:doctor_command", "Say what this machine can do."),
    "completion": ("solstice.cli.completion:completion_command", "Print completion for a shell."),
}


class ReaderGone(Exception):
    """Nobody reads standard output any more (``solstice … | head``)."""


class LazyGroup(click.Group):
    """Knows its commands by name; imports one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of a person's first day."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or suggest the one that was meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from solstice.domain.suggestion import did_you_mean

            hint = did_you_mean(args[0], COMMANDS)
            ctx.fail(f"no such command {args[0]!r}{hint and '; '}{hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Carry out the command; that its reader has gone is for the process to judge, not for click."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ReaderGone from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="solstice")
@click.pass_context
def solstice(context: click.Context) -> None:
    """Solstice CI: every job in its own fresh virtual machine."""
    context.color = context.obj.colour
