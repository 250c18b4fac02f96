"""The text between triple quotes, with the indentation of its last line taken off every line."""

from dataclasses import dataclass

from solstice.domain.diagnostic import Span
from solstice.domain.kdl.dialect import Dialect


@dataclass(frozen=True, slots=True)
class Block:
    """A multi-line string as written, less its indentation; escapes other than white space are left in.

    ``unaligned`` is the first line that does not begin like the last one, ``unfinished`` the text that
    stands before the closing quotes.
    """

    value: str
    unaligned: Span | None = None
    unfinished: Span | None = None


def dedent(text: str, begin: int, end: int, dialect: Dialect, *, raw: bool) -> Block:
    """The block whose first line begins at ``begin`` and whose closing quotes stand at ``end``."""
    lines = _lines(text, begin, end, dialect, raw=raw)
    is_blank = dialect.spaces.fullmatch
    start, prefix = lines.pop()
    if not is_blank(prefix):
        whole = [line for _, line in lines] + [prefix]
        return Block("\n".join(whole), unfinished=Span(start, end))
    unaligned, dedented = None, []
    for offset, line in lines:
        if is_blank(line):
            line = ""
        elif not line.startswith(prefix) and unaligned is None:
            unaligned = Span(offset, max(dialect.spaces.match(text, offset, end).end(), offset + 1))  # type: ignore[union-attr]
        dedented.append(line.removeprefix(prefix))
    return Block("\n".join(dedented), unaligned)


def _lines(text: str, begin: int, end: int, dialect: Dialect, *, raw: bool) -> list[tuple[int, str]]:
    """The lines and where each begins; escaped white space (newlines included) joins what is around it."""
    lines: list[tuple[int, str]] = []
    pieces: list[str] = []
    line_start = piece_start = begin
    for match in (dialect.newline if raw else dialect.escape_or_newline).finditer(text, begin, end):
        escaped = text[match.start()] == "\\"
        if escaped and match["blank"] is None:
            continue
        pieces.append(text[piece_start : match.start()])
        piece_start = match.end()
        if not escaped:
            lines.append((line_start, "".join(pieces)))
            pieces, line_start = [], match.end()
    pieces.append(text[piece_start:end])
    lines.append((line_start, "".join(pieces)))
    return lines
