"""Texts by strangers on a person's terminal: shown as they are, but never obeyed, and measured in cells."""

import unicodedata

TAB = 4
_HARMLESS_FORMATS = frozenset("\u200d\ufe0f")


def show(text: str) -> str:
    """Make every character visible: what would steer the terminal or turn the text around is spelled out."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_show_char, text))


def count_cells(text: str) -> int:
    """How many cells of a terminal a text without control characters takes."""
    return len(text) if text.isascii() else sum(map(_count_char, text))


def show_line(line: str, marks: tuple[int, int]) -> tuple[str, str, str]:
    """A line with tabs as spaces, and below it the blanks and the carets that mark ``[start, end)`` of it."""
    start, end = marks
    pieces: list[str] = []
    column = 0
    edges: dict[int, int] = {}
    for index, char in enumerate(line):
        edges[index] = column
        piece = " " * (TAB - column % TAB) if char == "\t" else _show_char(char)
        pieces.append(piece)
        column += count_cells(piece)
    first = edges.get(start, column)
    last = edges.get(end, column)
    return "".join(pieces).rstrip(), " " * first, "^" * max(last - first, 1)


def _show_char(char: str) -> str:
    if " " <= char <= "~" or char in _HARMLESS_FORMATS:
        return char
    if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return f"\\u{{{ord(char):x}}}"
    return char


def _count_char(char: str) -> int:
    if char in _HARMLESS_FORMATS or unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
