"""Reads a text as version 2 or version 1 of KDL, whichever it is."""

import re
from dataclasses import dataclass

from solstice.domain.kdl.dialect import Dialect, kdl_1, kdl_2
from solstice.domain.kdl.document import Document, Node
from solstice.domain.kdl.mistakes import Mistakes
from solstice.domain.kdl.parser import Parser

DEEPEST = 32

_MARKER = re.compile("\ufeff?" + r"/-[^\S\r\n]*kdl-version[^\S\r\n]+([12])[^\S\r\n]*(?:[\r\n]|$)")


@dataclass(frozen=True, slots=True)
class _Reading:
    """The text read as one version; ``marks`` counts what only this version knows."""

    version: int
    nodes: tuple[Node, ...]
    mistakes: Mistakes
    marks: int


def parse(text: str, *, deepest: int = DEEPEST) -> Document:
    """The nodes of ``text`` and every mistake in it; nodes deeper than ``deepest`` levels are left out.

    The text is read as version 2, and if that finds mistakes as version 1 (the other way round if it
    begins with ``/- kdl-version 1``). A text that is neither is reported as what it seems to be.
    """
    marker = _MARKER.match(text)
    marked = int(marker[1]) if marker else 0
    first, second = (kdl_1, kdl_2) if marked == 1 else (kdl_2, kdl_1)
    reading = _read(text, first(), deepest)
    if reading.mistakes.count:
        other = _read(text, second(), deepest)
        if not other.mistakes.count or (not marked and _is_rather(other, reading)):
            reading = other
    return Document(reading.version, reading.nodes, reading.mistakes.in_order())


def _read(text: str, dialect: Dialect, deepest: int) -> _Reading:
    mistakes = Mistakes()
    parser = Parser(text, dialect, mistakes, deepest)
    return _Reading(dialect.version, parser.read(), mistakes, parser.lexer.marks)


def _is_rather(version_1: _Reading, version_2: _Reading) -> bool:
    """Whether a text with mistakes in both versions is rather meant as version 1."""
    if bool(version_1.marks) != bool(version_2.marks):
        return bool(version_1.marks)
    return version_1.mistakes.count < version_2.mistakes.count
