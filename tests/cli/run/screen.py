"""A terminal that knows exactly the sequences a live view may use, and fails at any other."""

import re

from solstice.cli.run.style import measure

_TOKEN = re.compile(
    r"\x1b\[([0-9;:]*)m|\x1b\[(\d+)A|(\x1b\[J)|\x1b\[\?(7|2026)([hl])|(\r)|(\n)|([^\x00-\x1f\x7f-\x9f])"
)


class Screen:
    """What stands on an endless scroll of rows, ``width`` columns wide."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.rows: list[str] = [""]
        self._row = 0
        self._column = 0
        self._wraps = True

    def show(self, text: str) -> None:
        """Interpret a text; anything a live view has no business sending is an error."""
        position = 0
        while position < len(text):
            token = _TOKEN.match(text, position)
            assert token, f"unexpected {text[position : position + 20]!r}"
            position = token.end()
            self._obey(token)

    def _obey(self, token: re.Match[str]) -> None:
        _, up, erase, mode, switch, carriage, newline, char = token.groups()
        if up:
            self._row -= int(up)
            assert self._row >= 0
        elif erase:
            self.rows[self._row :] = [self.rows[self._row][: self._column]]
        elif mode == "7":
            self._wraps = switch == "h"
        elif carriage:
            self._column = 0
        elif newline:
            self._go_down()
        elif char:
            self._put(char)

    def _put(self, char: str) -> None:
        columns = measure(char)
        if self._column + columns > self.width:
            assert self._wraps, "a line of the block is too wide"
            self._go_down()
        row = self.rows[self._row].ljust(self._column)
        # The second half of a wide character is an empty cell.
        cells = (char + "\0" * (columns - 1)) if columns else ""
        self.rows[self._row] = row[: self._column] + cells + row[self._column + columns :]
        self._column += columns

    def _go_down(self) -> None:
        self._row += 1
        self._column = 0
        if self._row == len(self.rows):
            self.rows.append("")
