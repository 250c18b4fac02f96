"""A run as plain lines, for files and pipes, where nothing moves; or only the end of one."""

from datetime import datetime

from solstice.cli.run.board import Board
from solstice.cli.run.narrator import Narrator
from solstice.cli.run.outlet import Outlet
from solstice.cli.run.style import Style
from solstice.cli.run.table import Summary, show_closing
from solstice.domain.event import Event, JobChanged, LogAppended
from solstice.domain.plan import Plan


class PlainWatcher:
    """Writes every line as it comes, and the closing table."""

    def __init__(self, outlet: Outlet, plan: Plan, style: Style, width: int) -> None:
        self._outlet = outlet
        self._plan = plan
        self._style = style
        self._width = width
        self._board = Board(plan, style.colour)
        self._narrator = Narrator(self._board, style)

    def tell(self, event: Event) -> None:
        """Write the lines an event is worth."""
        text = self._narrator.narrate(event)
        if isinstance(event, LogAppended):
            self._outlet.write_log(text)
        else:
            self._outlet.write(text)

    def tick(self, now: datetime) -> None:
        """Nothing here depends on the time."""

    def resize(self, width: int, height: int) -> None:
        """Only the closing table looks at the width."""
        self._width = width

    def abandon(self) -> None:
        """Write what is left of the logs."""
        self._outlet.write(self._narrator.finish())
        self._outlet.close()

    def close(self, summary: Summary) -> None:
        """Write the closing table."""
        self._outlet.write(self._narrator.finish())
        self._outlet.close("\n" + show_closing(self._board, self._plan, summary, self._style, self._width))


class QuietWatcher:
    """Keeps still until the end, then writes the closing table and the failures."""

    def __init__(self, outlet: Outlet, plan: Plan, style: Style, width: int) -> None:
        self._outlet = outlet
        self._plan = plan
        self._style = style
        self._width = width
        self._board = Board(plan, style.colour)

    def tell(self, event: Event) -> None:
        """Remember what the end needs."""
        match event:
            case LogAppended():
                self._board.view(event.job).take_log(event)
            case JobChanged():
                self._board.take_change(event)

    def tick(self, now: datetime) -> None:
        """Nothing here depends on the time."""

    def resize(self, width: int, height: int) -> None:
        """Only the closing table looks at the width."""
        self._width = width

    def abandon(self) -> None:
        """Say nothing."""
        self._outlet.close()

    def close(self, summary: Summary) -> None:
        """Write the closing table."""
        for view in self._board.views.values():
            view.flush()
        self._outlet.close(show_closing(self._board, self._plan, summary, self._style, self._width))
