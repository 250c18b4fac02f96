"""Whether what a command prints is coloured."""

import sys

import click


def wants_colour(context: click.Context) -> bool:
    """As the root command decided (``context.color``), else whether a terminal is there to see it."""
    decided = context.find_root().color
    return sys.stdout.isatty() if decided is None else decided
