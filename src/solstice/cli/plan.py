"""`solstice plan`: what would run for an event, as a drawing or as JSON."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from solstice.domain.plan import Occasion
    from solstice.domain.workflow.limits import Limits

EVENTS = ("push", "pull_request", "schedule", "manual")
_USUAL_LABEL = "debian-12"
"""Where no image map says which."""


@click.command("plan")
@click.argument("path", default=".", type=click.Path(path_type=Path))
@click.option("--event", type=click.Choice(EVENTS), default="push", show_default=True, help="What happened.")
@click.option(
    "--branch", metavar="NAME", help="The branch (of a pull request: its base). Default: the current one."
)
@click.option("--tag", default="", help="The tag that was pushed, instead of a branch.")
@click.option("--changed", multiple=True, metavar="FILE", help="A path the event changed; may be repeated.")
@click.option("--label", "labels", multiple=True, help="A label of the pull request; may be repeated.")
@click.option("--input", "inputs", multiple=True, metavar="NAME=VALUE", help="An answer; may be repeated.")
@click.option(
    "--default-label", metavar="LABEL", help="The label of jobs that name none. Default: the image map's."
)
@click.option("--images", metavar="FILE", help="An image map of your own, as of `solstice run`.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.pass_context
def plan_command(
    context: click.Context,
    path: Path,
    event: str,
    branch: str | None,
    tag: str,
    changed: tuple[str, ...],
    labels: tuple[str, ...],
    inputs: tuple[str, ...],
    default_label: str | None,
    images: str | None,
    format_: str,
    as_json: bool,
) -> None:
    """Show the jobs a workflow makes of an event, and what each waits for.

    PATH is a repository or a workflow file. Exits with 0 if there is a plan, with 1 if there are mistakes,
    with 2 if the file could not be read.
    """
    from solstice.cli.colour import wants_colour
    from solstice.cli.surroundings import ask_offer, ask_whereabouts
    from solstice.domain.errors import OperatorMistake
    from solstice.domain.occasion import make_occasion

    answers = tuple(map(_split_input, inputs))
    try:
        offer = ask_offer(context, images)
        here = ask_whereabouts(context, path)
        occasion = make_occasion(
            event, here, branch=branch, tag=tag, inputs=answers, changed=changed, labels=labels
        )
        label = default_label or offer.default_label or _USUAL_LABEL
        shape = "json" if as_json else format_
        text, code = show_plan(path, occasion, label, shape, offer.limits(), colour=wants_colour(context))
    except OperatorMistake as mistake:
        from solstice.cli.terminal import show

        click.echo(f"error: {show(str(mistake))}\n  = hint: {show(mistake.remedy)}", err=True)
        context.exit(2)
    click.echo(text, color=True)
    context.exit(code)


def show_plan(
    path: Path,
    occasion: "Occasion",
    default_label: str,
    format_: str = "text",
    limits: "Limits | None" = None,
    *,
    colour: bool = False,
) -> tuple[str, int]:
    """What to print and how to exit; raises `OperatorMistake` where nothing could be read."""
    from solstice.cli.diagnostics import format_text, to_json
    from solstice.cli.locating import check_file, find_workflow, is_script
    from solstice.domain.planning import plan
    from solstice.domain.workflow.reader import build_checked, legacy_workflow

    file = find_workflow(path)
    checked = check_file(file)
    workflow = legacy_workflow() if is_script(file) else build_checked(checked).workflow
    diagnostics, made = checked.diagnostics, None
    if workflow:
        planned = plan(workflow, occasion, default_label, limits)
        made, diagnostics = planned.plan, planned.diagnostics
    if format_ == "json":
        from json import dumps

        from solstice.domain.plan_record import plan_to_dict

        record = plan_to_dict(made) if made else to_json(checked.source, diagnostics)
        return dumps(record, indent=2, sort_keys=True), 0 if made else 1
    if made is None:
        return format_text(checked.source, diagnostics, colour=colour), 1
    from solstice.cli.graph import draw_plan

    return draw_plan(made), 0


def _split_input(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise click.BadParameter(f"`{text}` is not NAME=VALUE", param_hint="--input")
    return name, value
