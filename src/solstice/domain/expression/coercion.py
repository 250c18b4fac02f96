"""How one kind of value becomes another, and how two are compared: GitHub's loose rules."""

import re
from collections.abc import Mapping
from typing import TypeAlias

Number: TypeAlias = int | float

_DECIMAL = re.compile(r"[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?", re.ASCII)
_BASED = re.compile(r"0x([0-9A-Fa-f]++)|0o([0-7]++)")
_INFINITIES = {"Infinity": float("inf"), "+Infinity": float("inf"), "-Infinity": float("-inf")}
_EXACT_DIGITS = 18
"""Whole numbers up to this length are kept exact; longer ones become doubles."""
_NAN = float("nan")


def parse_number(text: str) -> Number:
    """The number a text spells, NaN when it spells none; the empty text spells 0."""
    text = text.strip()
    if not text:
        return 0
    if text in _INFINITIES:
        return _INFINITIES[text]
    if based := _BASED.fullmatch(text):
        number = int(based[1], 16) if based[1] else int(based[2], 8)
        return number if number < 2**63 else _to_float(number)
    if not _DECIMAL.fullmatch(text):
        return _NAN
    return int(text) if text.lstrip("+-").isdigit() and len(text) <= _EXACT_DIGITS else float(text)


def to_number(value: object) -> Number:
    """null is 0, a boolean 0 or 1, a text what it spells; lists and objects are NaN."""
    match value:
        case None:
            return 0
        case bool():
            return int(value)
        case int() | float():
            return value
        case str():
            return parse_number(value)
    return _NAN


def to_text(value: object) -> str:
    """null is empty; numbers are written with at most 15 significant digits; lists are ``Array``."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return write_number(value)
        case Mapping():
            return "Object"
    return "Array"


def write_number(value: Number) -> str:
    """``1``, ``0.1``, ``1E+20``, ``NaN``, ``-Infinity``."""
    if isinstance(value, int):
        if abs(value) < 2**63:
            return str(value)
        value = _to_float(value)
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return format(value + 0.0, ".15g").upper()


def is_true(value: object) -> bool:
    """False are null, false, 0, NaN and the empty text; lists and objects never are."""
    if isinstance(value, int | float):
        return value == value and value != 0
    return value is not None and value != ""


def is_primitive(value: object) -> bool:
    """Whether the value is neither a list nor an object."""
    return value is None or isinstance(value, str | int | float)


def fold_case(text: str) -> str:
    """``text`` so that texts differing only in case become equal, character by character."""
    if text.isascii():
        return text.upper()
    return "".join(map(_fold_char, text))


def _fold_char(char: str) -> str:
    # A dotless i is no I, and one character never becomes two.
    upper = char.upper()
    return upper if char.isascii() or (len(upper) == 1 and not upper.isascii()) else char


def are_equal(left: object, right: object) -> bool:
    """Loose equality: texts ignore case, different kinds meet as numbers, lists equal only themselves."""
    if isinstance(left, str) and isinstance(right, str):
        # Folding keeps the length: a long text is not folded for each short one in a list.
        return len(left) == len(right) and fold_case(left) == fold_case(right)
    if left is None and right is None:
        return True
    if is_primitive(left) and is_primitive(right):
        return to_number(left) == to_number(right)
    return left is right


def is_less(left: object, right: object) -> bool:
    """Loose order: texts by their folded characters, all else as numbers."""
    if isinstance(left, str) and isinstance(right, str):
        return fold_case(left) < fold_case(right)
    return to_number(left) < to_number(right)


def _to_float(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")
