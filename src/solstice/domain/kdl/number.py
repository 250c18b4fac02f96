"""How a number is written in KDL, the same in both versions."""

import re
from dataclasses import dataclass

from solstice.domain.kdl.mistakes import visible

MOST_DIGITS = 1000
"""Far below the length at which Python refuses to convert between text and int, in any base."""

_LOOKS_LIKE_NUMBER = re.compile(r"[+-]?[0-9]")
_LOOKS_LIKE_FRACTION = re.compile(r"[+-]?\.[0-9]")
_DECIMAL = re.compile(r"[+-]?[0-9][0-9_]*(?P<real>(?:\.[0-9][0-9_]*)?(?:[eE][+-]?[0-9][0-9_]*)?)")
_BASED = re.compile(r"(?P<sign>[+-]?)0(?P<base>[xob])(?P<digits>[0-9a-fA-F][0-9a-fA-F_]*)")
_BASES = {"x": 16, "o": 8, "b": 2}
_BASE_NAMES = {"x": "hexadecimal", "o": "octal", "b": "binary"}


@dataclass(frozen=True, slots=True)
class BadNumber:
    """Why a word that begins like a number is none."""

    message: str
    expected: str = ""
    hint: str = ""
    code: str = "kdl-syntax"


def begins_like_number(word: str) -> bool:
    """Whether ``word`` can only be meant as a number with its digits first."""
    return _LOOKS_LIKE_NUMBER.match(word) is not None


def begins_like_fraction(word: str) -> bool:
    """Whether ``word`` begins with a decimal point and a digit, which is neither number nor name."""
    return _LOOKS_LIKE_FRACTION.match(word) is not None


def read_number(word: str) -> int | float | BadNumber:
    """The number ``word`` stands for; a real number too large for a float is infinite."""
    if len(word) > MOST_DIGITS:
        return BadNumber(
            f"this number is {len(word)} characters long",
            f"at most {MOST_DIGITS}",
            "write it as a quoted string",
            "limit-digits",
        )
    if decimal := _DECIMAL.fullmatch(word):
        return float(word.replace("_", "")) if decimal["real"] else int(word.replace("_", ""))
    if based := _BASED.fullmatch(word):
        try:
            return int(based["sign"] + based["digits"].replace("_", ""), _BASES[based["base"]])
        except ValueError:
            pass
    return _explain(word)


def _explain(word: str) -> BadNumber:
    unsigned = word.lstrip("+-")
    base = unsigned[1:2]
    if unsigned[0] == "0" and base in _BASES and len(unsigned) > 1:
        expected = f"`0{base}` and {_BASE_NAMES[base]} digits, the first one no `_`"
        return BadNumber("", expected, "put quotes around it if it is a name")
    if unsigned[:1] == "0" and unsigned[1:2] in ("X", "O", "B"):
        return BadNumber("", hint=f"write `0{unsigned[1].lower()}` in lower case")
    if re.fullmatch(r"[0-9_]+\.(?:[eE].*)?", unsigned):
        return BadNumber("", "a digit after the decimal point", "write a `0` after the point")
    return BadNumber(
        "", "a number such as `10`, `1.5` or `0x1F`", f'put quotes around it: `"{visible(word)}"`'
    )
