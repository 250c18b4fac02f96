"""Globs over branches, tags and paths: what a trigger's filters let through."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

LONGEST_PATTERN = 512


class BadGlob(ValueError):
    """A pattern that cannot be read; ``offset`` is the place in the pattern."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Glob:
    """A compiled pattern: a set of positions, one bit each, that every character moves on.

    Bit-parallel instead of a regular expression, so that no pattern is slow on any text.
    """

    accepts: dict[str, int]
    """For a character the pattern names: the positions that take it."""
    otherwise: int
    """The positions that take any character the pattern does not name, ``/`` excepted."""
    stars: int
    """The positions that stay after taking a character, and may be left without taking one."""
    folders: int
    """The starts of ``**/``, which is also nothing at all."""
    end: int

    def matches(self, text: str) -> bool:
        """Tell whether the whole text fits."""
        accepts, otherwise, stars, end = self.accepts, self.otherwise, self.stars, self.end
        state = self._settle(1)
        for char in text:
            taken = state & accepts.get(char, otherwise)
            if not taken:
                return False
            state = self._settle((taken & stars) | ((taken & ~stars) << 1))
        return bool(state & end)

    def _settle(self, state: int) -> int:
        # `**/` opens with a position of its own, so that nothing may stand for it only before it has begun.
        opened = state & self.folders
        state |= (opened << 1) | (opened << 3)
        return state | ((state & self.stars) << 1)


@lru_cache(maxsize=1024)
def compile_glob(pattern: str) -> Glob:
    """Compile ``*``, ``?`` (not over ``/``), ``**`` (anything), ``[a-z]``, ``[!a-z]``; ``\\`` quotes a sign.

    ``**/`` at the start of a path segment also stands for no folder at all.
    """
    if not pattern:
        raise BadGlob("this pattern is empty", 0)
    if len(pattern) > LONGEST_PATTERN:
        raise BadGlob(f"this pattern is longer than {LONGEST_PATTERN} characters", 0)
    writing, position = _Writing(), 0
    while position < len(pattern):
        position = _compile_one(writing, pattern, position)
    return writing.finish()


def passes(patterns: Sequence[str], text: str) -> bool:
    """Tell whether ``text`` is let through: the last pattern that matches wins, ``!`` refuses.

    A list that begins with a refusal starts from everything; no pattern at all lets everything through.
    """
    verdict = not patterns or patterns[0].startswith("!")
    for pattern in patterns:
        refuses = pattern.startswith("!")
        if verdict == refuses and compile_glob(pattern.removeprefix("!")).matches(text):
            verdict = not refuses
    return verdict


def any_passes(patterns: Sequence[str], texts: Iterable[str]) -> bool:
    """Tell whether at least one of ``texts`` is let through."""
    return any(passes(patterns, text) for text in texts)


class _Writing:
    """A glob under construction: sets of characters by position."""

    def __init__(self) -> None:
        self.size = 0
        self.literal: list[tuple[int, frozenset[str]]] = []
        self.wild: list[tuple[int, frozenset[str]]] = []
        self.stars = 0
        self.folders = 0

    def take(self, chars: Iterable[str]) -> None:
        self.literal.append((1 << self.size, frozenset(chars)))
        self.size += 1

    def take_all_but(self, chars: Iterable[str], *, star: bool = False) -> None:
        bit = 1 << self.size
        self.wild.append((bit, frozenset(chars)))
        self.stars |= bit if star else 0
        self.size += 1

    def open_folders(self) -> None:
        self.folders |= 1 << self.size
        self.size += 1
        self.take_all_but((), star=True)
        self.take("/")

    def finish(self) -> Glob:
        named = frozenset("/").union(*(chars for _, chars in self.literal + self.wild))
        accepts = dict.fromkeys(named, 0)
        otherwise = 0
        for bit, chars in self.literal:
            for char in chars:
                accepts[char] |= bit
        for bit, chars in self.wild:
            otherwise |= bit
            for char in named - chars:
                accepts[char] |= bit
        return Glob(accepts, otherwise, self.stars, self.folders, 1 << self.size)


def _compile_one(writing: _Writing, pattern: str, at: int) -> int:
    char = pattern[at]
    if char == "*":
        return _compile_star(writing, pattern, at)
    if char == "?":
        writing.take_all_but("/")
    elif char == "[":
        return _compile_class(writing, pattern, at)
    elif char == "\\":
        if at + 1 == len(pattern):
            raise BadGlob("a backslash at the end escapes nothing", at)
        writing.take(pattern[at + 1])
        return at + 2
    else:
        writing.take(char)
    return at + 1


def _compile_star(writing: _Writing, pattern: str, start: int) -> int:
    end = _skip_stars(pattern, start)
    opens_segment = start == 0 or pattern[start - 1] == "/"
    if not opens_segment or end - start == 1 or pattern[end : end + 1] != "/":
        writing.take_all_but("/" if end - start == 1 else (), star=True)
        return end
    writing.open_folders()
    # `**/**/` says no more than `**/`, and two positions that take nothing must not follow each other.
    while True:
        position, end = end + 1, _skip_stars(pattern, end + 1)
        if end - position < 2 or pattern[end : end + 1] != "/":
            return position


def _skip_stars(pattern: str, start: int) -> int:
    while pattern[start : start + 1] == "*":
        start += 1
    return start


def _compile_class(writing: _Writing, pattern: str, start: int) -> int:
    position = start + 1
    negated = pattern[position : position + 1] in ("!", "^")
    position += negated
    end = pattern.find("]", position + 1)
    if end == -1:
        raise BadGlob("this `[` is never closed", start)
    chars = _class_chars(pattern, position, end)
    if negated:
        writing.take_all_but(chars | {"/"})
    else:
        writing.take(chars - {"/"})
    return end + 1


def _class_chars(pattern: str, position: int, end: int) -> set[str]:
    chars: set[str] = set()
    while position < end:
        first = pattern[position]
        if position + 2 < end and pattern[position + 1] == "-":
            last = pattern[position + 2]
            # A range is a set of characters here, so a huge one would be a huge set.
            if not ord(first) <= ord(last) <= ord(first) + 256:
                raise BadGlob(f"`{first}-{last}` is not a range of at most 256 characters", position)
            chars.update(map(chr, range(ord(first), ord(last) + 1)))
            position += 3
        else:
            chars.add(first)
            position += 1
    return chars
