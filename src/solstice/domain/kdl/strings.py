"""Quoted strings of both versions: where they begin, where they end, and where they were meant to."""

import re

from solstice.domain.diagnostic import Span
from solstice.domain.kdl.blocks import dedent
from solstice.domain.kdl.dialect import Dialect
from solstice.domain.kdl.escapes import report_bad_escapes, unescape
from solstice.domain.kdl.mistakes import Mistakes

_QUOTE_OR_BACKSLASH = re.compile(r'["\\]')
_CLOSE_IT = 'put a `"` where the string ends'


class StringReader:
    """Reads one quoted string of ``text`` at a time; each read gives the value and where the string ends.

    Looking for an end never goes twice over the same text: a string with no end at all takes the rest
    of the text with it (``swallowed``), unless only its line had to be searched.
    """

    def __init__(self, text: str, dialect: Dialect, mistakes: Mistakes) -> None:
        self.swallowed = False
        self._text = text
        self._dialect = dialect
        self._mistakes = mistakes

    def quoted(self, start: int) -> tuple[str, int]:
        """The string whose first quote stands at ``start``."""
        if self._dialect.version == 1:
            return self._quoted_1(start)
        if self._text.startswith('"""', start):
            return self._block(start, start + 3, '"""', raw=False)
        stop = self._find('"', start + 1, escapes=True, lines=False)
        if self._text.startswith('"', stop):
            return self._content(start + 1, stop), stop + 1
        return self._unclosed_on_line(start, start + 1, stop, '"')

    def raw(self, start: int, opening: re.Match[str]) -> tuple[str, int]:
        """The raw string at ``start``, whose hashes and first quote are ``opening``."""
        closer, body = '"' + opening[1], opening.end()
        if self._dialect.version == 1:
            stop = self._text.find(closer, body)
            return (
                (self._text[body:stop], stop + len(closer))
                if stop >= 0
                else self._swallow(start, body, closer)
            )
        if self._text.startswith('""', body):
            return self._block(start, body + 2, '""' + closer, raw=True)
        stop = self._find(closer, body, escapes=False, lines=False)
        if self._text.startswith(closer, stop):
            return self._text[body:stop], stop + len(closer)
        return self._unclosed_on_line(start, body, stop, closer)

    def _find(self, closer: str, at: int, *, escapes: bool, lines: bool) -> int:
        """Where ``closer`` stands next, else where the line (or, across ``lines``, the text) ends."""
        text, stops = self._text, _QUOTE_OR_BACKSLASH if lines else self._dialect.string_stop
        while match := stops.search(text, at):
            at, char = match.start(), match[0]
            if text.startswith(closer, at) or char not in '"\\':
                return at
            at = self._after_escape(at) if escapes and char == "\\" else at + 1
        return len(text)

    def _after_escape(self, backslash: int) -> int:
        blanks = self._dialect.blanks.match(self._text, backslash + 1)
        return blanks.end() if blanks and self._dialect.version == 2 else backslash + 2

    def _content(self, begin: int, end: int) -> str:
        body = self._text[begin:end]
        if "\\" not in body:
            return body
        report_bad_escapes(self._text, begin, end, self._dialect, self._mistakes)
        return unescape(body, self._dialect)

    def _quoted_1(self, start: int) -> tuple[str, int]:
        """A string of version 1, which may hold newlines, so a forgotten quote shows only at the next one."""
        text, stop = self._text, self._find('"', start + 1, escapes=True, lines=True)
        closed = text.startswith('"', stop)
        if closed and not self._dialect.word.match(text, stop + 1, stop + 2):
            return self._content(start + 1, stop), stop + 1
        newline = self._dialect.newline.search(text, start + 1, stop)
        if closed and newline is None:
            return self._content(start + 1, stop), stop + 1
        line_end = newline.start() if newline else stop
        if text.find("\\", line_end, stop) >= 0:
            # Another string could begin among the lines already searched: reading them again could
            # take time that grows with the square of the text.
            return (
                (self._content(start + 1, stop), stop + 1) if closed else self._swallow(start, start + 1, '"')
            )
        self._report_unclosed(start, start + 1, '"')
        return text[start + 1 : line_end], line_end

    def _unclosed_on_line(self, start: int, body: int, stop: int, closer: str) -> tuple[str, int]:
        text = self._text
        # Only the next quote is looked at: looking for a far ``closer`` from each line would be quadratic.
        close = text.find('"', stop)
        end = close + len(closer)
        if close < 0 or not text.startswith(closer, close) or not self._looks_closing(close, end):
            self._report_unclosed(start, body, closer)
            return text[body:stop], stop
        self._mistakes.add(
            "this quoted string goes on after the end of its line",
            Span(start, body),
            expected=f"a `{closer[:20]}` before the end of the line",
            hint='put a text of many lines between `"""` and `"""`, the last on a line of its own',
        )
        return text[body:close], end

    def _looks_closing(self, quote: int, end: int) -> bool:
        """Whether this quote, the first after a line with an odd one, ends a string and begins none."""
        before, after = self._text[quote - 1], self._text[end : end + 1]
        if before in '=(#"\\':
            return False
        return not after or after in "\r\n" or (after in " \t;{}" and not before.isspace())

    def _block(self, start: int, body: int, closer: str, *, raw: bool) -> tuple[str, int]:
        newline = self._dialect.newline.match(self._text, body)
        if newline is None:
            return self._block_on_one_line(start, body, closer, raw=raw)
        stop = self._find(closer, body, escapes=not raw, lines=True)
        if not self._text.startswith(closer, stop):
            return self._swallow(start, body, closer)
        block = dedent(self._text, newline.end(), stop, self._dialect, raw=raw)
        if block.unfinished:
            self._mistakes.add(
                f"text stands on the line of the closing `{closer}`",
                Span(stop, stop + len(closer)),
                expected="nothing but white space before it",
                hint=f"put the `{closer}` on a line of its own",
            )
        if block.unaligned:
            self._mistakes.add(
                f"this line is not indented like the closing `{closer}`",
                block.unaligned,
                expected="the same spaces and tabs that stand before the closing quotes",
                hint="indent the line as far, or the closing quotes less",
            )
        if raw:
            return block.value, stop + len(closer)
        report_bad_escapes(self._text, newline.end(), stop, self._dialect, self._mistakes)
        return unescape(block.value, self._dialect), stop + len(closer)

    def _block_on_one_line(self, start: int, body: int, closer: str, *, raw: bool) -> tuple[str, int]:
        """``\"\"\"text…``, which is always a mistake; the string may still end on a later line."""
        quotes = closer.rstrip("#")
        self._mistakes.add(
            f"after the opening `{quotes}` the line must end",
            Span(start, body),
            expected="a newline, then the text",
            hint='for a text of one line write a single `"` at each end',
        )
        stop = self._find(closer, body, escapes=not raw, lines=False)
        if self._text.startswith(closer, stop):
            return self._text[body:stop], stop + len(closer)
        later = self._find(closer, stop, escapes=not raw, lines=True)
        if later == len(self._text):
            self.swallowed = True
            return self._text[body:], later
        line_start = max(self._text.rfind(end, stop, later) for end in "\r\n") + 1
        if self._dialect.spaces.fullmatch(self._text, line_start, later):
            return self._text[body:later], later + len(closer)
        return self._text[body:stop], stop

    def _swallow(self, start: int, body: int, closer: str) -> tuple[str, int]:
        self._report_unclosed(start, body, closer, always=True)
        self.swallowed = True
        return self._text[body:], len(self._text)

    def _report_unclosed(self, start: int, body: int, closer: str, *, always: bool = False) -> None:
        if len(closer) == 1:
            hint = _CLOSE_IT
        else:
            hint = f"end it with `{closer[:20]}`" + (
                " on a line of its own" if closer.startswith('""') else ""
            )
        self._mistakes.add(
            "this quote is never closed" if always else "this quote is not closed on its line",
            Span(start, body),
            expected=f"a closing `{closer[:20]}`",
            hint=hint,
            always=always,
        )
