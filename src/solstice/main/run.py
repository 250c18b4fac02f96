"""`solstice run`: this computer carries out a repository's workflow."""

import sys
from collections.abc import Callable
from functools import reduce
from typing import Any

import click

from solstice.cli.plan import EVENTS
from solstice.main.context import Context, pass_context, setting_options

SUCCESS, JOB_FAILED, MISTAKE, MACHINE, INTERRUPTED = 0, 1, 2, 3, 130

_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.argument("path", default=".", metavar="[PATH]"),
    click.option("--job", "jobs", multiple=True, metavar="ID", help="Only this job; repeat for more."),
    click.option("--matrix", multiple=True, metavar="K=V", help="Only jobs with this matrix value."),
    click.option(
        "--event",
        type=click.Choice(EVENTS),
        help="Run as for this event, its filters applied. Default: none are.",
    ),
    click.option("--input", "inputs", multiple=True, metavar="K=V", help="An input of a manual run."),
    click.option("--branch", metavar="NAME", help="The branch it is run for. Default: the current one."),
    click.option("--commit", metavar="REV", help="Run this commit instead of the work tree."),
    click.option("--dirty", is_flag=True, help="Run the work tree as it stands (the default)."),
    click.option(
        "--hypervisor",
        type=click.Choice(["qemu", "sandbox"]),
        default="qemu",
        show_default=True,
        help="What makes the machines: virtual machines, or bubblewrap on this kernel.",
    ),
    click.option("--image", multiple=True, metavar="LABEL=IMAGE", help="Use this image for a label."),
    click.option("--jobs", "at_once", type=click.IntRange(1), metavar="N", help="Machines at once."),
    click.option("--artifacts", metavar="DIR", help="Where artifacts go. Default: beside the logs."),
    click.option(
        "--secret", "secrets", multiple=True, metavar="NAME", help="A secret, from the variable NAME."
    ),
    click.option("--secret-file", metavar="FILE", help="Secrets, one NAME=value a line."),
    click.option("--keep-failed", is_flag=True, help="Keep the disk and console of failed jobs' machines."),
    click.option("--json", "as_json", is_flag=True, help="One JSON object for each event."),
    click.option("--quiet", is_flag=True, help="Only the closing table and failures."),
    setting_options("state_dir", "cache_dir", "images", "max_concurrency", "boot_limit", "log_level"),
)


def _with_options(command: Any) -> Any:
    return reduce(lambda inner, option: option(inner), reversed(_OPTIONS), command)


@click.command("run")
@_with_options
@pass_context
def run_command(context: Context, /, config: str | None, **options: Any) -> None:
    """Run a repository's workflow here, every job in a machine of its own.

    Exit code: 0 success, 1 a job failed, 2 the author's mistake, 3 this machine's, 130 interrupted.
    """
    from solstice.main.running import run

    sys.exit(run(context, options, config))
