"""How the text of an expression is cut into tokens, in one pass."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from solstice.domain.diagnostic import Diagnostic, Span


class TokenKind(Enum):
    """What a token is."""

    NUMBER = "number"
    TEXT = "text"
    NAME = "name"
    PROPERTY = "property"
    """A name after a dot, where a digit may come first and ``true`` is no literal."""
    OPERATOR = "operator"
    """``&& || == != < <= > >=``"""
    PUNCTUATION = "punctuation"
    """``! ( ) [ ] , . *``"""
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text, as written."""

    kind: TokenKind
    text: str
    span: Span


class SyntaxMistake(Exception):
    """Reading cannot go on; the parser turns it into its diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


# Possessive repeats: what a hostile text makes the matcher read, it reads once.
_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r\n]++)
    | (?P<operator>&&|\|\||[=!<>]=|[<>])
    | (?P<text>'(?:[^']|'')*+')
    | (?P<number>[+-]?(?:\d|\.\d)[A-Za-z0-9_.]*+(?:(?<=[eE])[+-]\d++)?|[+-]Infinity\b)
    | (?P<name>[A-Za-z_][A-Za-z0-9_-]*+)
    | (?P<punctuation>[!()\[\],.*])
    """,
    re.VERBOSE | re.ASCII,
)
_AFTER_DOT = re.compile(r"(?P<space>[ \t\r\n]++)|(?P<property>[A-Za-z0-9_-]++)|(?P<punctuation>\*)", re.ASCII)
_DOT = re.compile(r"(?P<punctuation>\.)")
_ENDS_A_VALUE = frozenset({")", "]", "*"})


def scan_tokens(text: str, start: int, end: int) -> Iterator[Token]:
    """The tokens of ``text[start:end]``, an END last; raises `SyntaxMistake` where none can be read."""
    position, previous = start, None
    while position < end:
        match = _match_at(text, position, end, previous)
        kind = match.lastgroup or ""
        position = match.end()
        if kind == "space":
            continue
        previous = Token(TokenKind(kind), match.group(kind), Span(match.start(kind), match.end(kind)))
        yield previous
    yield Token(TokenKind.END, "", Span(end, end))


def _match_at(text: str, position: int, end: int, previous: Token | None) -> re.Match[str]:
    if previous is not None and previous.text == ".":
        match = _AFTER_DOT.match(text, position, end)
    elif text[position] == "." and _ends_value(previous):
        # `needs.3x`: after a value a dot is never the start of a number.
        match = _DOT.match(text, position, end)
    else:
        match = None
    match = match or _TOKEN.match(text, position, end)
    if match is None:
        raise SyntaxMistake(_explain_stray(text, position, end))
    return match


def _ends_value(token: Token | None) -> bool:
    if token is None:
        return False
    return token.kind in (TokenKind.NAME, TokenKind.PROPERTY) or token.text in _ENDS_A_VALUE


def _explain_stray(text: str, position: int, end: int) -> Diagnostic:
    char = text[position]
    span = Span(position, position + 1)
    if char == "'":
        return Diagnostic(
            "expression-syntax", "this text is never closed", Span(position, end), "a closing `'`",
            "a quote inside a text is written twice: 'it''s'",
        )  # fmt: skip
    hints = {
        '"': "texts stand in single quotes: 'main'",
        "=": "equality is written `==`",
        "&": "and is written `&&`",
        "|": "or is written `||`",
        "$": "an expression needs no `${{ }}` of its own here",
        "+": "there is no arithmetic; join texts with format()",
        "-": "there is no arithmetic",
        "/": "there is no arithmetic",
        "%": "there is no arithmetic",
    }
    return Diagnostic(
        "expression-syntax",
        f"`{_show(char)}` has no meaning in an expression",
        span,
        hint=hints.get(char, ""),
    )


def _show(char: str) -> str:
    return char if char.isprintable() else f"U+{ord(char):04X}"
