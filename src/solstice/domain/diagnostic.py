"""A mistake in a text somebody wrote, and the place in the text where it stands."""

from bisect import bisect_right
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property


class Severity(Enum):
    """How much a diagnostic matters."""

    ERROR = "error"
    """The workflow cannot be planned."""
    WARNING = "warning"
    """It can, but the author probably means something else."""


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range ``[start, end)`` of code points in a source text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake, where it is, what was expected there and how to mend it.

    ``code`` is a stable kebab-case word (``unknown-node``); ``message`` says what is wrong,
    ``expected`` what would have been right, ``hint`` what to do (``did you mean `runs_on`?``).
    Empty strings mean there is nothing to say.
    """

    code: str
    message: str
    span: Span
    expected: str = ""
    hint: str = ""
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class Place:
    """A line and a column of a source text, both counted from 1, columns in code points."""

    line: int
    column: int


@dataclass(frozen=True)
class Source:
    """A text with a name, able to say on which line an offset stands.

    Lines end at LF, CRLF or CR; ``text`` is the text as decoded, never normalised.
    """

    file: str
    text: str = field(repr=False)

    @cached_property
    def _line_starts(self) -> list[int]:
        starts, text = [0], self.text
        for offset, char in enumerate(text):
            if char == "\n" or (char == "\r" and text[offset + 1 : offset + 2] != "\n"):
                starts.append(offset + 1)
        return starts

    def place(self, offset: int) -> Place:
        """The place of ``offset``; an offset past the end is the place after the last character."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self._line_starts, offset)
        return Place(line, offset - self._line_starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """The text of line ``number`` (from 1) without its line end."""
        starts = self._line_starts
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")
