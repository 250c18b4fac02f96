"""`solstice check`: every mistake of a workflow file, shown to a person or to a program."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from solstice import __version__

if TYPE_CHECKING:
    from solstice.domain.workflow.limits import Limits


@click.command("check")
@click.argument("path", default=".", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "sarif"]),
    default="text",
    show_default=True,
    help="How mistakes are written.",
)
@click.option("--images", metavar="FILE", help="An image map of your own, as of `solstice run`.")
@click.pass_context
def check_command(context: click.Context, path: Path, format_: str, images: str | None) -> None:
    """Report every mistake in a workflow file.

    Labels and sizes that stand there as they are have to be in the image map; what expressions make of them
    is for `solstice plan`. PATH is a repository or a workflow file. Exits with 0 if there is no mistake, with
    1 if there is one, with 2 if the file could not be read.
    """
    import gc

    from solstice.cli.colour import wants_colour
    from solstice.cli.surroundings import ask_offer
    from solstice.domain.errors import OperatorMistake

    # What is read here lives until the process ends: looking for garbage in it is a fifth of the time.
    gc.disable()
    try:
        limits = ask_offer(context, images).limits()
        text, code = check(path, format_, limits, colour=wants_colour(context))
    except OperatorMistake as mistake:
        from solstice.cli.terminal import show

        click.echo(f"error: {show(str(mistake))}\n  = hint: {show(mistake.remedy)}", err=True)
        context.exit(2)
    finally:
        gc.enable()
    click.echo(text, color=True)
    context.exit(code)


def check(
    path: Path, format_: str = "text", limits: "Limits | None" = None, *, colour: bool = False
) -> tuple[str, int]:
    """What to print and how to exit; raises `OperatorMistake` where nothing could be read."""
    from solstice.cli.locating import check_file, find_workflow
    from solstice.domain.diagnostic import Severity

    checked = check_file(find_workflow(path), limits)
    source, diagnostics = checked.source, checked.diagnostics
    code = int(any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics))
    if format_ == "text":
        from solstice.cli.diagnostics import format_text

        return format_text(source, diagnostics, colour=colour), code
    from json import dumps

    from solstice.cli.diagnostics import to_json, to_sarif

    record = to_json(source, diagnostics) if format_ == "json" else to_sarif(source, diagnostics, __version__)
    return dumps(record, indent=2), code
