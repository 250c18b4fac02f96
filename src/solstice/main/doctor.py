"""`solstice doctor`: what this computer can do, each with a remedy."""

from typing import Any

import click

from solstice.main.context import Context, pass_context, setting_options


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@setting_options("state_dir", "cache_dir", "images")
@pass_context
def doctor_command(context: Context, /, as_json: bool, config: str | None, **flags: Any) -> None:
    """Say what this machine can do, and what to do about what it cannot.

    Exit code: 0 jobs can run in virtual machines here, 3 they cannot.
    """
    import asyncio

    from solstice.cli.doctor import show_checks
    from solstice.domain.checkup import CheckState
    from solstice.main.checkup import examine
    from solstice.main.image_desk import said_plainly

    with said_plainly():
        settings = context.settings(flags, config)
        checks = asyncio.run(examine(settings))
    click.echo(show_checks(checks, as_json, context.colour), nl=False)
    click.get_current_context().exit(3 if any(check.state is CheckState.FAIL for check in checks) else 0)
