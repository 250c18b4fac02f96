"""What kind of place the output goes to."""

import shutil
import sys
from dataclasses import dataclass
from typing import IO, Any

from solstice.main.settings import Environment


@dataclass(frozen=True, slots=True)
class Terminal:
    """Whether a person watches, whether colours may be used, and how large the window is."""

    is_terminal: bool
    colour: bool
    width: int
    height: int


def look_at(stream: IO[Any], environment: Environment) -> Terminal:
    """Decide from the stream and from NO_COLOR, FORCE_COLOR and TERM (see no-color.org)."""
    is_terminal = stream.isatty()
    dumb = environment.get("TERM") in ("dumb", "")
    colour = is_terminal and not dumb
    if environment.get("FORCE_COLOR"):
        colour = True
    if environment.get("NO_COLOR"):
        colour = False
    size = shutil.get_terminal_size()
    return Terminal(is_terminal and not dumb, colour, size.columns, size.lines)


def stdout_terminal(environment: Environment) -> Terminal:
    """Where results go."""
    return look_at(sys.stdout, environment)
