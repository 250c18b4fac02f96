"""The pieces a KDL text is cut into before nodes are made of them."""

from enum import Enum, auto
from typing import NamedTuple

from solstice.domain.diagnostic import Span
from solstice.domain.kdl.document import Scalar


class Kind(Enum):
    """What a token is; white space and comments are none, they show in ``Token.spaced``."""

    NEWLINE = auto()
    """The end of a line, with the comment before it."""
    SEMICOLON = auto()
    OPEN = auto()
    CLOSE = auto()
    LEFT = auto()
    RIGHT = auto()
    EQUALS = auto()
    SLASHDASH = auto()
    WORD = auto()
    """A bare identifier."""
    RESERVED = auto()
    """A bare word that is no identifier: version 1's keywords, version 2's without their ``#``."""
    STRING = auto()
    """Anything in quotes, raw or not."""
    VALUE = auto()
    """A number, or version 2's keyword."""
    STRAY = auto()
    """Characters that have no meaning where they stand; not yet reported."""
    END = auto()

    # Every token is looked up in sets; the hash of an enum's name would cost more than the lookup.
    __hash__ = object.__hash__


class Token(NamedTuple):
    """One piece of the text, at ``[start, end)``; ``spaced``: white space or a comment stands before it.

    ``broken``: something inside it was wrong, and has been reported.
    """

    kind: Kind
    start: int
    end: int
    spaced: bool
    scalar: Scalar = None
    broken: bool = False

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)
