"""What a backslash in a quoted string means."""

import re
from collections.abc import Iterator

from solstice.domain.diagnostic import Span
from solstice.domain.kdl.dialect import Dialect
from solstice.domain.kdl.mistakes import Mistakes, show

_CODE_POINT = re.compile(r"[0-9a-fA-F]{1,6}")


def unescape(body: str, dialect: Dialect) -> str:
    """``body`` with its escapes resolved; one that means nothing stays as it is written."""
    if "\\" not in body:
        return body
    return dialect.escape.sub(
        lambda match: _meaning(match, dialect) or ("" if _is_blank(match) else match[0]), body
    )


def report_bad_escapes(text: str, begin: int, end: int, dialect: Dialect, mistakes: Mistakes) -> None:
    """Report every escape of ``text[begin:end]`` that means nothing."""
    for match in _bad_escapes(text, begin, end, dialect):
        mistakes.add(
            f"{show(match[0])} is no escape of KDL {dialect.version}",
            Span(*match.span()),
            expected=_expected(dialect),
            hint=_hint(match, dialect),
        )


def _bad_escapes(text: str, begin: int, end: int, dialect: Dialect) -> Iterator[re.Match[str]]:
    for match in dialect.escape.finditer(text, begin, end):
        if _meaning(match, dialect) is None and not _is_blank(match):
            yield match


def _meaning(match: re.Match[str], dialect: Dialect) -> str | None:
    digits = match["digits"]
    if digits is None:
        return dialect.escapes.get(match[0][1])
    if not _CODE_POINT.fullmatch(digits):
        return None
    number = int(digits, 16)
    return chr(number) if number < 0xD800 or 0xDFFF < number <= 0x10FFFF else None


def _is_blank(match: re.Match[str]) -> bool:
    return match["blank"] is not None


def _expected(dialect: Dialect) -> str:
    letters = " ".join(f"`\\{letter}`" for letter in dialect.escapes)
    blank = " or white space" if dialect.version == 2 else ""
    return f"one of {letters}, `\\u{{…}}`{blank}"


def _hint(match: re.Match[str], dialect: Dialect) -> str:
    if match["digits"] is not None:
        return (
            "write 1 to 6 hexadecimal digits of a code point up to 10FFFF that is no surrogate (D800 to DFFF)"
        )
    char = match[0][1]
    if char == "/":
        return "a slash needs no backslash: write `/`"
    if char in "uU":
        return "a code point is written in braces: `\\u{1F600}`"
    raw = '#"…"#' if dialect.version == 2 else 'r"…"'
    return f"for a backslash write `\\\\`, or use a raw string: `{raw}`"
