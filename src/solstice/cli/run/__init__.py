"""What a person or a program sees of ``solstice run``."""

from solstice.cli.run.rerun import Given, rerun_command
from solstice.cli.run.table import Summary
from solstice.cli.run.watcher import Kind, Watcher, make_watcher

__all__ = ["Given", "Kind", "Summary", "Watcher", "make_watcher", "rerun_command"]
