"""What differs between KDL 1 and KDL 2 at the level of characters: spaces, newlines, words and escapes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from solstice.domain.kdl.document import Scalar

BOM = "\ufeff"
SPACES = "\t \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
"""White space inside a line, as the inside of a regular expression's character class."""

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "b": "\b", "f": "\f"}
_SURROGATES = "\ud800-\udfff"


@dataclass(frozen=True, slots=True)
class Dialect:
    """One version's characters, as patterns to be matched at a place in the text."""

    version: int
    spaces: re.Pattern[str]
    newline: re.Pattern[str]
    line_rest: re.Pattern[str]
    """Everything up to the end of the line."""
    blanks: re.Pattern[str]
    """Spaces and newlines, at least one: what a backslash in a version 2 string swallows."""
    word: re.Pattern[str]
    """A run of characters a bare word is made of; it may still be a number, a keyword or a mistake."""
    disallowed: re.Pattern[str]
    """A run of code points that may stand nowhere in the text, not even in a comment."""
    string_stop: re.Pattern[str]
    """The next character of a quoted string that is not simply its content."""
    raw_opening: re.Pattern[str]
    escape: re.Pattern[str]
    """A backslash and what belongs to it; groups ``digits`` (of a code point) and ``blank``."""
    escape_or_newline: re.Pattern[str]
    escapes: Mapping[str, str]
    keywords: Mapping[str, Scalar]
    """Words that are values (version 2: when written after a ``#``)."""
    reserved: frozenset[str]
    """Words that may not stand bare as a name or a string."""


def _dialect(
    version: int,
    *,
    spaces: str,
    newlines: str,
    not_in_words: str,
    disallowed: str,
    string_stop: str,
    raw_opening: str,
    escapes: Mapping[str, str],
    keywords: Mapping[str, Scalar],
    reserved: frozenset[str],
) -> Dialect:
    newline = rf"\r\n|[\r{newlines}]"
    blank = rf"{spaces}\r{newlines}"
    # Version 1 knows no escaped white space: there the group can never match.
    swallowed = rf"[{blank}]+" if version == 2 else "(?!)"
    escape = rf'\\(?:u\{{(?P<digits>[^{{}}"\\{blank}]{{0,40}})\}}|(?P<blank>{swallowed})|.)'
    return Dialect(
        version,
        spaces=re.compile(rf"[{spaces}]*"),
        newline=re.compile(newline),
        line_rest=re.compile(rf"[^\r{newlines}]*"),
        blanks=re.compile(rf"[{blank}]+"),
        word=re.compile(rf"[^{blank}{disallowed}{not_in_words}]+"),
        disallowed=re.compile(f"[{disallowed}]+"),
        string_stop=re.compile(string_stop),
        raw_opening=re.compile(raw_opening),
        escape=re.compile(escape, re.DOTALL),
        escape_or_newline=re.compile(f"{escape}|{newline}", re.DOTALL),
        escapes=MappingProxyType(dict(escapes)),
        keywords=MappingProxyType(dict(keywords)),
        reserved=reserved,
    )


@lru_cache
def kdl_1() -> Dialect:
    """Version 1; its patterns cost some milliseconds, and most texts need one version only."""
    return _dialect(
        1,
        spaces=SPACES + BOM,
        newlines=r"\n\f\u0085\u2028\u2029",
        not_in_words=r'\x00-\x20\\/(){}<>;\[\]=,"',
        # The first version forbids nothing by name, but no text encoding has these.
        disallowed=_SURROGATES,
        string_stop=r'["\\]',
        raw_opening=r'r(#*)"',
        escapes=_ESCAPES | {"/": "/"},
        keywords={"true": True, "false": False, "null": None},
        reserved=frozenset({"true", "false", "null"}),
    )


@lru_cache
def kdl_2() -> Dialect:
    """Version 2; its patterns cost some milliseconds, and most texts need one version only."""
    return _dialect(
        2,
        spaces=SPACES,
        newlines=r"\n\v\f\u0085\u2028\u2029",
        not_in_words=r'\\/(){};\[\]"#=',
        disallowed=(
            r"\x00-\x08\x0e-\x1f\x7f" + _SURROGATES + r"\u200e\u200f\u202a-\u202e\u2066-\u2069" + BOM
        ),
        string_stop=r'["\\\r\n\v\f\u0085\u2028\u2029]',
        raw_opening=r'(#+)"',
        escapes=_ESCAPES | {"s": " "},
        keywords={
            "true": True,
            "false": False,
            "null": None,
            "inf": float("inf"),
            "-inf": float("-inf"),
            "nan": float("nan"),
        },
        reserved=frozenset({"true", "false", "null", "inf", "-inf", "nan"}),
    )
