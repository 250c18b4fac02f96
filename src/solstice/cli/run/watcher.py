"""The one door to every way of watching a run."""

from datetime import datetime
from typing import IO, Any, Literal, Protocol

from solstice.cli.run.events_json import JsonWatcher
from solstice.cli.run.live import LiveWatcher
from solstice.cli.run.outlet import Outlet
from solstice.cli.run.plain import PlainWatcher, QuietWatcher
from solstice.cli.run.style import Style
from solstice.cli.run.table import Summary
from solstice.domain.event import Event
from solstice.domain.plan import Plan

Kind = Literal["live", "plain", "json", "quiet"]


class Watcher(Protocol):
    """Shows a run to somebody. All calls come from one thread; none raises because the reader has gone."""

    def tell(self, event: Event) -> None:
        """Show an event, or note it for the next `tick`."""

    def tick(self, now: datetime) -> None:
        """Show how time passes; called about eight times a second, also when nothing happens."""

    def resize(self, width: int, height: int) -> None:
        """The terminal has another size now."""

    def abandon(self) -> None:
        """Leave the stream clean and complete without a closing table: an error is about to be told."""

    def close(self, summary: Summary) -> None:
        """Show the end and wait until the reader has it all; the last call, when no job needs the loop."""


def make_watcher(
    kind: Kind, out: IO[Any], *, plan: Plan, width: int = 0, height: int = 24, colour: bool = False
) -> Watcher:
    """Make the watcher a person asked for.

    ``out`` may be a text or a binary stream; ``width`` 0 means that lines may be of any length.
    """
    outlet = Outlet(out)
    if kind == "json":
        return JsonWatcher(outlet, plan)
    style = Style(colour, outlet.prints_symbols)
    if kind == "live":
        return LiveWatcher(outlet, plan, style, width, height)
    if kind == "quiet":
        return QuietWatcher(outlet, plan, style, width)
    return PlainWatcher(outlet, plan, style, width)
