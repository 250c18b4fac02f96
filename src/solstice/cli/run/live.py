"""A run on a terminal: the lines scroll by, and below them a block says how each unfinished job stands."""

from datetime import datetime

from solstice.cli.run.block import draw_block
from solstice.cli.run.board import Board
from solstice.cli.run.narrator import Narrator
from solstice.cli.run.outlet import Outlet
from solstice.cli.run.style import Style, measure
from solstice.cli.run.table import Summary, show_closing
from solstice.domain.event import Event, ImageProgress
from solstice.domain.plan import Plan

_BATCH = 256 * 1024
_MOST_ROWS = 16
_FEWEST_COLUMNS = 20


class LiveWatcher:
    """Gathers lines and writes them at the next tick, above a freshly drawn block.

    Only four sequences beside colours are ever used: cursor up, erase below, and the modes for no
    wrapping and for an update shown at once; so a run that is killed leaves the terminal usable.
    """

    def __init__(self, outlet: Outlet, plan: Plan, style: Style, width: int, height: int) -> None:
        self._outlet = outlet
        self._plan = plan
        self._style = style
        self._board = Board(plan, style.colour)
        self._narrator = Narrator(self._board, style, omit_passing=True)
        self._batch: list[str] = []
        self._batched = 0
        self._drawn: list[tuple[str, str]] = []
        self._now: datetime | None = None
        self._began: datetime | None = None
        self.resize(width, height)

    def tell(self, event: Event) -> None:
        """Keep an event for the next tick; a flood of lines is written at once."""
        if isinstance(event, ImageProgress):
            self._board.images[event.image] = event
            return
        text = self._narrator.narrate(event)
        if text:
            self._batch.append(text)
            self._batched += len(text)
        if self._batched > _BATCH:
            self._update()

    def tick(self, now: datetime) -> None:
        """Write what came since, and draw the block anew, unless the terminal is busy enough."""
        self._now = now
        self._began = self._began or now
        if not self._outlet.is_behind:
            self._update()

    def resize(self, width: int, height: int) -> None:
        """The terminal has another size now."""
        self._width = max(width or 80, _FEWEST_COLUMNS)
        self._rows = max(min(height // 2, _MOST_ROWS), 2)
        self._is_resized = True

    def abandon(self) -> None:
        """Take the block away, leaving the lines."""
        self._finish()
        self._outlet.close()

    def close(self, summary: Summary) -> None:
        """Take the block away and write the closing table."""
        self._finish()
        self._outlet.close("\n" + show_closing(self._board, self._plan, summary, self._style, self._width))

    def _finish(self) -> None:
        self._batch.append(self._narrator.finish())
        self._outlet.write(self._erase())
        self._outlet.write_log(self._take_batch())

    def _update(self) -> None:
        lines = self._lay_out()
        if not self._batched and lines == self._drawn and not self._is_resized:
            return
        # Three writes: if the lines are lost to a stuck terminal, the block still stands where we think.
        self._outlet.write("\x1b[?2026h" + self._erase())
        self._outlet.write_log(self._take_batch())
        self._drawn, self._is_resized = lines, False
        self._outlet.write(
            "\x1b[?7l" + "".join(f"{painted}\n" for _, painted in lines) + "\x1b[?7h\x1b[?2026l"
        )

    def _lay_out(self) -> list[tuple[str, str]]:
        if self._now is None or self._began is None:
            return []
        # One column stays free: some terminals wrap as soon as the last one is filled.
        return draw_block(self._board, self._style, self._width - 1, self._rows, self._now, self._began)

    def _take_batch(self) -> str:
        text = "".join(self._batch)
        self._batch.clear()
        self._batched = 0
        return text

    def _erase(self) -> str:
        # A terminal that became narrower has folded the lines we drew.
        rows = sum(max(-(-measure(plain) // self._width), 1) for plain, _ in self._drawn)
        self._drawn = []
        return f"\x1b[{rows}A\r\x1b[J" if rows else ""
