"""Takes single values by their kinds, and keeps every mistake that is found on the way."""

import math
from collections.abc import Iterable

from solstice.domain.diagnostic import Diagnostic, Severity, Source, Span
from solstice.domain.kdl import Value
from solstice.domain.suggestion import did_you_mean
from solstice.domain.workflow.embedded import frame_within
from solstice.domain.workflow.grammar import Holes, Kind, Unfit
from solstice.domain.workflow.written import Written

_LONGEST_SENTENCE = 400
_FLOOD = 1000


def tame(text: str) -> str:
    """A sentence that quotes strangers, on one line, of bearable length, and with nothing to obey in it."""
    if len(text) > _LONGEST_SENTENCE:
        text = text[: _LONGEST_SENTENCE - 1] + "…"
    return text if text.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in text)


class Reader:
    """Reads values of one source; ``mistakes`` grows as it goes."""

    def __init__(self, source: Source, version: int) -> None:
        self._source = source
        self._version = version
        self.mistakes: list[Diagnostic] = []
        self.has_expressions = False

    def refuse(
        self,
        code: str,
        message: str,
        span: Span,
        *,
        expected: str = "",
        hint: str = "",
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Report a mistake, in the words of the version the text is written in."""
        if self._version == 1:
            expected, hint = (
                text.replace("#true", "true").replace("#false", "false") for text in (expected, hint)
            )
        self.mistakes.append(Diagnostic(code, tame(message), span, tame(expected), tame(hint), severity))

    def suggest(self, word: str, known: Iterable[str]) -> str:
        """A hint at the known word that was meant; none in a flood of mistakes, where guessing costs most."""
        return did_you_mean(word, known) if len(self.mistakes) < _FLOOD else ""

    def line_of(self, span: Span) -> int:
        """The line a span begins on."""
        return self._source.place(span.start).line

    def take(self, value: Value, kind: Kind) -> Written | None:
        """Read one value, or report why it is unfit."""
        scalar = value.scalar
        if value.annotation:
            self.refuse(
                "unexpected-annotation",
                f"the type `({value.annotation})` says nothing here",
                value.span,
                hint="write the value without it",
            )
        if isinstance(scalar, str):
            if scalar.startswith("'"):
                self._refuse_single_quotes(value, scalar)
            if kind.is_condition or "${{" in scalar:
                self.has_expressions = True
                if kind.holes is Holes.REFUSED:
                    self._refuse_hole(value, scalar, kind)
                    return None
        elif kind.becomes_text and isinstance(scalar, int | float) and not isinstance(scalar, bool):
            self._warn_of_number(value, scalar)
        try:
            return Written(kind.read(scalar), value, kind)
        except Unfit as unfit:
            span = frame_within(self._source, value, *unfit.frame) if unfit.frame else value.span
            self.refuse(unfit.code, str(unfit), span, expected=unfit.expected, hint=unfit.hint)
            return None

    def _refuse_single_quotes(self, value: Value, text: str) -> None:
        # To KDL the bare word 'x' is a text that holds two quotes; no author means that.
        if self._source.text.startswith("'", value.span.start):
            message, hint = "single quotes are part of this text", f'write "{text.strip(chr(39))}"'
            self.refuse("single-quotes", message, value.span, expected="double quotes", hint=hint)

    def _refuse_hole(self, value: Value, text: str, kind: Kind) -> None:
        start = text.index("${{")
        close = text.find("}}", start)
        self.refuse(
            "expression-not-allowed",
            "nothing is filled in here",
            frame_within(self._source, value, start, close + 2 if close >= 0 else len(text)),
            expected=kind.words,
            hint=kind.hole_hint,
        )

    def _warn_of_number(self, value: Value, number: int | float) -> None:
        written, read = self._source.text[value.span.start : value.span.end], str(number)
        if written != read and math.isfinite(number) and not value.annotation:
            self.refuse(
                "ambiguous-number",
                f"this number reads `{read}` once it is a text",
                value.span,
                hint=f'write "{written}" if it is a name or a version',
                severity=Severity.WARNING,
            )
