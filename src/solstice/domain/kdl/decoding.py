"""Bytes to text: UTF-8, with or without a byte order mark."""

import re

from solstice.domain.diagnostic import Diagnostic, Span
from solstice.domain.kdl.mistakes import Mistakes

_UTF_8_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
# Decoded this way each bad byte becomes one surrogate, which no good byte can become.
_BAD = re.compile("[\udc80-\udcff]+")


def decode(data: bytes) -> tuple[str, tuple[Diagnostic, ...]]:
    """The text of ``data`` without its byte order mark, and a mistake for each run of bytes not in UTF-8.

    Each byte of such a run becomes one U+FFFD.
    """
    mistakes = Mistakes()
    text = data.removeprefix(_UTF_8_MARK).decode("utf-8", "surrogateescape")
    hint = "save the file as UTF-8"
    if data.startswith(_UTF_16_MARKS):
        hint = "the file seems to be UTF-16: save it as UTF-8"
    for run in _BAD.finditer(text):
        shown = " ".join(f"{ord(char) - 0xDC00:02X}" for char in run[0][:8])
        mistakes.add(f"the bytes {shown} are not UTF-8", Span(*run.span()), expected="UTF-8", hint=hint)
    return _BAD.sub(lambda run: "\ufffd" * len(run[0]), text), mistakes.in_order()
