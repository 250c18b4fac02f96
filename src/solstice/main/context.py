"""What every command gets: the environment as read at the start, and the settings made from it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from solstice.domain.errors import OperatorMistake
from solstice.main.settings import Environment, Settings, find_setting, read_settings

if TYPE_CHECKING:
    from solstice.cli.surroundings import Offer
    from solstice.domain.occasion import Whereabouts

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

    def offer(self, images: str | None) -> "Offer":
        """What the image map offers; see `solstice.cli.surroundings`."""
        from solstice.adapters.images.map_file import load_image_map
        from solstice.cli.surroundings import Offer
        from solstice.main.shipped import shipped_image_map

        try:
            own = self.settings({"images": images}).images
            image_map = load_image_map(shipped_image_map(), own)
        except OperatorMistake as mistake:
            if images is not None:
                raise
            return Offer(complaint=str(mistake))
        return Offer(image_map.labels, tuple(sorted(image_map.sizes)), image_map.default_label)

    def locate(self, path: Path) -> "Whereabouts | None":
        """Where the repository around ``path`` stands; see `solstice.cli.surroundings`."""
        from solstice.main.pointing import describe_place, find_repository

        try:
            return describe_place(find_repository(path if path.is_dir() else path.parent))
        except (OperatorMistake, OSError):
            return None


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
