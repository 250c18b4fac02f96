"""The mistakes found while one text is read as one version: collected, counted and capped."""

from solstice.domain.diagnostic import Diagnostic, Span

SYNTAX = "kdl-syntax"
MOST_REPORTED = 100


def visible(written: str, longest: int = 40) -> str:
    """``written`` for a message: one line, not too long, nothing that a terminal could obey."""
    short = written if len(written) <= longest else written[: longest - 1] + "…"
    return "".join(char if char.isprintable() else f"U+{ord(char):04X}" for char in short)


def show(written: str) -> str:
    """``written`` in back quotes, as far as it can be shown."""
    return f"`{visible(written)}`"


class Mistakes:
    """Collects diagnostics, up to a hundred and the place of one more.

    ``count`` is how often the text breaks the rules of the version it is read as; passing one of our
    own limits does not add to it.

    While ``quiet`` is true a mistake is neither kept nor counted: the reader is skipping text it has
    already complained about.
    """

    def __init__(self) -> None:
        self.count = 0
        self.quiet = False
        self._kept: list[Diagnostic] = []
        self._first_dropped: Span | None = None

    @property
    def is_full(self) -> bool:
        """Whether more is known to be wrong than will be shown: time to stop reading."""
        return self._first_dropped is not None

    def add(
        self,
        message: str,
        span: Span,
        *,
        expected: str = "",
        hint: str = "",
        code: str = SYNTAX,
        always: bool = False,
    ) -> None:
        """Note one mistake; ``always`` overrides ``quiet``."""
        if self.quiet and not always:
            return
        self.count += code == SYNTAX
        if len(self._kept) < MOST_REPORTED:
            self._kept.append(Diagnostic(code, message, span, expected, hint))
        elif self._first_dropped is None:
            self._first_dropped = span

    def in_order(self) -> tuple[Diagnostic, ...]:
        """The mistakes kept, by place, and one more if there were more."""
        kept = sorted(self._kept, key=lambda mistake: (mistake.span.start, mistake.span.end))
        if self._first_dropped is not None:
            message = f"there are more mistakes; only the first {MOST_REPORTED} are shown"
            kept.append(Diagnostic(SYNTAX, message, self._first_dropped, hint="mend those first"))
        return tuple(kept)
