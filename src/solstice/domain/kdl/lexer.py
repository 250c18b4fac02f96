"""Cuts a KDL text into tokens, in one pass and one token at a time."""

import re
from typing import Final

from solstice.domain.diagnostic import Span
from solstice.domain.kdl.dialect import BOM, Dialect
from solstice.domain.kdl.mistakes import Mistakes, show, visible
from solstice.domain.kdl.number import BadNumber, begins_like_fraction, begins_like_number, read_number
from solstice.domain.kdl.strings import StringReader
from solstice.domain.kdl.token import Kind, Token

_COMMENT_EDGE = re.compile(r"/\*|\*/")
_HASHES = re.compile(r"#+")
_WORD_STARTS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
"""What most tokens begin with, and nothing but a word does (an ``r`` may open version 1's raw string)."""
_PUNCTUATION: Final = {
    ";": Kind.SEMICOLON,
    "{": Kind.OPEN,
    "}": Kind.CLOSE,
    "(": Kind.LEFT,
    ")": Kind.RIGHT,
    "=": Kind.EQUALS,
}


class Lexer:
    """The tokens of ``text`` as ``dialect`` reads them; what is wrong inside a token goes to ``mistakes``."""

    def __init__(self, text: str, dialect: Dialect, mistakes: Mistakes) -> None:
        self._text = text
        self._dialect = dialect
        self._mistakes = mistakes
        self._strings = StringReader(text, dialect, mistakes)
        self._at = 1 if text.startswith(BOM) else 0
        self._comment_swallowed = False
        self.marks = 0
        """How often something stood in the text that only this version has."""
        self.continued_at: int | None = None
        """The backslash of a continued line that stands right before the token read last."""
        self._has_disallowed = False
        self._report_disallowed()

    @property
    def swallowed(self) -> bool:
        """Whether an unclosed quote or comment took the rest of the text, so that its end proves nothing."""
        return self._comment_swallowed or self._strings.swallowed

    def next(self) -> Token:
        """The next token; at the end of the text ``Kind.END``, again and again."""
        before, self.continued_at = self._at, None
        self._skip_space()
        start, spaced, text = self._at, self._at > before, self._text
        if start == len(text):
            return Token(Kind.END, start, start, spaced)
        char = text[start]
        if kind := _PUNCTUATION.get(char):
            return self._token(kind, start, start + 1, spaced)
        if char == '"':
            return self._string(start, None, spaced)
        if char in _WORD_STARTS and (char != "r" or not self._dialect.raw_opening.match(text, start)):
            return self._word(self._dialect.word.match(text, start)[0], start, spaced)  # type: ignore[index]
        if newline := self._dialect.newline.match(text, start):
            return self._token(Kind.NEWLINE, start, newline.end(), spaced)
        if char == "/":
            return self._slash(start, spaced)
        if opening := self._dialect.raw_opening.match(text, start):
            return self._string(start, opening, spaced)
        if word := self._dialect.word.match(text, start):
            return self._word(word[0], start, spaced)
        if char == "#":
            return self._hash(start, spaced)
        return self._stray(start, start + 1, spaced)

    def _token(self, kind: Kind, start: int, end: int, spaced: bool, scalar: str | None = None) -> Token:
        self._at = end
        return Token(kind, start, end, spaced, scalar)

    def _stray(self, start: int, end: int, spaced: bool) -> Token:
        return self._token(Kind.STRAY, start, end, spaced, self._text[start:end])

    def _string(self, start: int, raw: re.Match[str] | None, spaced: bool) -> Token:
        mistakes = self._mistakes.count
        value, self._at = self._strings.raw(start, raw) if raw else self._strings.quoted(start)
        if raw or (self._dialect.version == 2 and self._text.startswith('"""', start)):
            self.marks += 1
        return Token(Kind.STRING, start, self._at, spaced, value, broken=self._mistakes.count > mistakes)

    def _report_disallowed(self) -> None:
        for match in self._dialect.disallowed.finditer(self._text, self._at):
            self._has_disallowed = True
            if self._mistakes.is_full:
                break
            self._mistakes.add(
                f"the invisible character U+{ord(match[0][0]):04X} may not stand in a KDL text",
                Span(*match.span()),
                hint=f"remove it; in a quoted string it may be written as `\\u{{{ord(match[0][0]):X}}}`"
                if not "\ud800" <= match[0][0] <= "\udfff"
                else "remove it: half of a surrogate pair is no character",
            )

    # White space

    def _skip_space(self) -> None:
        """Pass spaces, block comments, continued lines, and characters already reported as disallowed."""
        text, dialect = self._text, self._dialect
        while True:
            at = dialect.spaces.match(text, self._at).end()  # type: ignore[union-attr]
            if text[at : at + 1] not in "/\\" and not self._has_disallowed:
                self._at = at
                return
            if text.startswith("/*", at):
                at = self._after_comment(at)
            elif text.startswith("\\", at) and (after := self._after_continuation(at)):
                at, self.continued_at = after, at
            elif disallowed := dialect.disallowed.match(text, at):
                at = disallowed.end()
            if at == self._at:
                return
            self._at = at

    def _after_comment(self, start: int) -> int:
        depth, at = 0, start
        for edge in _COMMENT_EDGE.finditer(self._text, start):
            depth += 1 if edge[0] == "/*" else -1
            if depth == 0:
                return edge.end()
        self._mistakes.add(
            "this comment is never closed",
            Span(at, at + 2),
            expected="a closing `*/`",
            hint="comments nest: each `/*` needs its own `*/`",
            always=True,
        )
        self._comment_swallowed = True
        return len(self._text)

    def _after_continuation(self, backslash: int) -> int | None:
        """Where the next line begins, if nothing but white space and comments follow the backslash."""
        text, at = self._text, backslash + 1
        while True:
            at = self._dialect.spaces.match(text, at).end()  # type: ignore[union-attr]
            if not text.startswith("/*", at):
                break
            at = self._after_comment(at)
        commented = text.startswith("//", at)
        if commented:
            at = self._dialect.line_rest.match(text, at).end()  # type: ignore[union-attr]
        if at == len(text):
            return at if commented or self._dialect.version == 2 else None
        newline = self._dialect.newline.match(text, at)
        return newline.end() if newline else None

    # Words

    def _slash(self, start: int, spaced: bool) -> Token:
        text = self._text
        if text.startswith("//", start):
            end = self._dialect.line_rest.match(text, start).end()  # type: ignore[union-attr]
            newline = self._dialect.newline.match(text, end)
            return self._token(Kind.NEWLINE, start, newline.end() if newline else end, spaced)
        if text.startswith("/-", start):
            return self._token(Kind.SLASHDASH, start, start + 2, spaced)
        return self._stray(start, start + 1, spaced)

    def _word(self, word: str, start: int, spaced: bool) -> Token:
        end = self._at = start + len(word)
        if begins_like_number(word):
            return self._number(word, start, spaced)
        if self._dialect.version == 2 and begins_like_fraction(word):
            self._mistakes.add(
                f"{show(word)} is neither a number nor a name",
                Span(start, end),
                expected="a digit before the decimal point",
                hint=f"write `{visible(word.replace('.', '0.', 1))}`, or put quotes around it",
            )
            return Token(Kind.STRING, start, end, spaced, word, broken=True)
        kind = Kind.RESERVED if word in self._dialect.reserved else Kind.WORD
        return Token(kind, start, end, spaced, word)

    def _number(self, word: str, start: int, spaced: bool) -> Token:
        number = read_number(word)
        end = start + len(word)
        if not isinstance(number, BadNumber):
            return Token(Kind.VALUE, start, end, spaced, number)
        self._mistakes.add(
            number.message or f"{show(word)} is not a number",
            Span(start, end),
            expected=number.expected,
            hint=number.hint,
            code=number.code,
        )
        # Read on as if it had been quoted.
        return Token(Kind.STRING, start, end, spaced, word, broken=True)

    def _hash(self, start: int, spaced: bool) -> Token:
        """Version 2's ``#true`` and its kind; with anything else after it a hash is a mistake."""
        end = _HASHES.match(self._text, start).end()  # type: ignore[union-attr]
        word = self._dialect.word.match(self._text, end)
        if self._text[end : end + 1].isspace():
            # A comment as other languages write it: none of its braces and quotes count.
            rest = self._dialect.line_rest.match(self._text, end)
            return self._stray(start, rest.end() if rest else end, spaced)
        if word is None or end > start + 1:
            return self._stray(start, word.end() if word else end, spaced)
        end = self._at = word.end()
        if word[0] in self._dialect.keywords:
            self.marks += 1
            return Token(Kind.VALUE, start, end, spaced, self._dialect.keywords[word[0]])
        return self._stray(start, end, spaced)
