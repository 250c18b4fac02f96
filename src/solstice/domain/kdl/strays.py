"""Names for tokens in messages, and what characters without a meaning were probably meant as."""

from solstice.domain.diagnostic import Span
from solstice.domain.kdl.mistakes import visible
from solstice.domain.kdl.token import Kind, Token

NAMES = {
    Kind.NEWLINE: "the end of the line",
    Kind.END: "the end of the text",
    Kind.SEMICOLON: "`;`",
    Kind.OPEN: "`{`",
    Kind.CLOSE: "`}`",
    Kind.LEFT: "`(`",
    Kind.RIGHT: "`)`",
    Kind.EQUALS: "`=`",
    Kind.SLASHDASH: "`/-`",
}
COMMA = "KDL puts spaces between values, not commas"
_LISTS = "KDL has no lists: write the values one after another, with spaces between them"
_KEYWORDS = ("#true", "#false", "#null", "#inf", "#-inf", "#nan")
_STRAYS = {
    "[": _LISTS,
    "]": _LISTS,
    ",": COMMA,
    "/": "a comment begins with `//`; put quotes around a text with a slash in it",
    "\\": "a `\\` continues the line and must be its last character; a text with a backslash needs quotes",
}


def point(token: Token) -> Span:
    """Where to point at ``token``: for the end of a line, at its first character only."""
    return Span(token.start, min(token.end, token.start + 1)) if token.kind is Kind.NEWLINE else token.span


def quote(word: str) -> str:
    """A bare word as a string, for a hint; single quotes around it were meant as quotes."""
    return f'"{visible(word.strip(chr(39)))}"'


def stray_hint(token: Token, before: str) -> str:
    """What to do about a stray token; ``before`` is the character in front of it."""
    text = str(token.scalar)
    if text.startswith("#"):
        return _hash_hint(text)
    if text == "/" and before == "*":
        return "no comment is open here"
    if not text.isprintable():
        return "remove this character"
    return _STRAYS.get(text, f"put quotes around a text with a `{text[0]}` in it")


def _hash_hint(text: str) -> str:
    word = text.lstrip("#")
    if not word or word[0].isspace():
        return "a comment begins with `//`"
    if text.lower() in _KEYWORDS:
        return f"did you mean `{text.lower()}`?"
    keywords = " ".join(f"`{keyword}`" for keyword in _KEYWORDS)
    return f"a comment begins with `//`; the keywords are {keywords}"
