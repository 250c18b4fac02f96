"""Where a part of a quoted text stands in the file, through quotes and escapes."""

from solstice.domain.diagnostic import Source, Span
from solstice.domain.kdl import Value

_SHORT_ESCAPES = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "\\": "\\",
    "/": "/",
    '"': '"',
    "b": "\b",
    "f": "\f",
    "s": " ",
}


def frame_within(source: Source, value: Value, start: int, end: int) -> Span:
    """The span of characters ``start`` to ``end`` of a text value; all of it where that cannot be told."""
    text = value.scalar
    if not isinstance(text, str):
        return value.span
    offsets = _offsets(source.text[value.span.start : value.span.end], text)
    if offsets is None or not 0 <= start <= end <= len(text):
        return value.span
    first, last = offsets[start], offsets[end]
    return Span(value.span.start + first, value.span.start + max(last, first))


def _offsets(written: str, text: str) -> list[int] | range | None:
    """For each character of ``text``, and for its end, the offset in ``written``."""
    opening = written.find('"') + 1
    if not opening:
        return range(len(text) + 1) if written == text else None
    if written.startswith(text, opening) and "\\" not in text:
        return range(opening, opening + len(text) + 1)
    if written.count("#", 0, opening) or written[opening - 2 : opening - 1] == "r":
        same = written.startswith(text, opening)
        return range(opening, opening + len(text) + 1) if same else None
    return _unescaped(written, opening, text)


def _unescaped(written: str, position: int, text: str) -> list[int] | None:
    offsets = []
    for char in text:
        offsets.append(position)
        if written[position : position + 1] != "\\":
            decoded, length = written[position : position + 1], 1
        elif written[position + 1 : position + 3] == "u{":
            close = written.find("}", position)
            digits = written[position + 3 : close]
            decoded = chr(int(digits, 16)) if 0 < len(digits) <= 6 and _is_hexadecimal(digits) else ""
            length = close + 1 - position
        else:
            decoded, length = _SHORT_ESCAPES.get(written[position + 1 : position + 2], ""), 2
        # A multi-line text loses its indentation, a white-space escape is nothing at all: no place to tell.
        if decoded != char:
            return None
        position += length
    offsets.append(position)
    return offsets


def _is_hexadecimal(digits: str) -> bool:
    return all(digit in "0123456789abcdefABCDEF" for digit in digits) and int(digits, 16) < 0x110000
