"""What every command gets: the environment as read at the start, and the settings made from it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import click

from solstice.main.settings import Environment, Settings, find_setting, read_settings

F = TypeVar("F", bound=Callable[..., Any])


@dataclass
class Context:
    """Click's context object."""

    environment: Environment

    @cached_property
    def colour(self) -> bool:
        """Whether standard output may be coloured."""
        from solstice.main.terminal import stdout_terminal

        return stdout_terminal(self.environment).colour

    def settings(self, flags: dict[str, str | None], config: str | None = None) -> Settings:
        """The settings, with these flags on top."""
        return read_settings(flags, self.environment, config)


pass_context = click.make_pass_decorator(Context)


def setting_options(*keys: str) -> Callable[[F], F]:
    """Options for these settings, each with its variable and default in the help, and ``--config``."""

    def add(command: F) -> F:
        for key in reversed(keys):
            setting = find_setting(key)
            sources = f"[env: {', '.join(setting.variables)}; default: {setting.default}]"
            option = click.option(setting.flag, key, metavar="VALUE", help=f"{setting.help} {sources}")
            command = option(command)
        return click.option(
            "--config", metavar="FILE", help="A TOML file of settings. [env: SOLSTICE_CONFIG]"
        )(command)

    return add
