"""Which functions expressions have, what they take, and what the pure ones give."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from solstice.domain.expression.coercion import (
    are_equal,
    fold_case,
    is_primitive,
    to_text,
    write_number,
)

LARGEST_RESULT = 1024 * 1024
"""In characters: no value made by a function, and no rendered template, may be longer."""
DEEPEST_JSON = 64


class FunctionMistake(Exception):
    """A function was given what it cannot work with; the message is for the author."""


@dataclass(frozen=True, slots=True)
class Signature:
    """How a function is spelt, and how many arguments it takes (``most`` None: any number)."""

    name: str
    least: int
    most: int | None

    def takes(self, count: int) -> bool:
        """Whether ``count`` arguments are right."""
        return self.least <= count and (self.most is None or count <= self.most)

    @property
    def described(self) -> str:
        """``2 arguments``, ``1 or 2 arguments``, ``at least 1 argument``."""
        if self.most is None:
            return f"at least {self.least} argument{'' if self.least == 1 else 's'}"
        if self.least == self.most:
            return "no arguments" if self.most == 0 else f"{self.most} argument{'s' * (self.most > 1)}"
        return f"{self.least} or {self.most} arguments"


SIGNATURES: Mapping[str, Signature] = {
    signature.name.casefold(): signature
    for signature in (
        Signature("contains", 2, 2),
        Signature("startsWith", 2, 2),
        Signature("endsWith", 2, 2),
        Signature("format", 1, None),
        Signature("join", 1, 2),
        Signature("toJSON", 1, 1),
        Signature("fromJSON", 1, 1),
        Signature("success", 0, 0),
        Signature("failure", 0, 0),
        Signature("always", 0, 0),
        Signature("cancelled", 0, 0),
        Signature("hash", 1, None),
    )
}
"""By folded name."""
STATUS_FUNCTIONS = frozenset({"success", "failure", "always", "cancelled"})
HASH = "hash"


def contains(collection: object, item: object) -> bool:
    """Whether a text holds a text, or a list an equal element."""
    if is_primitive(collection):
        return is_primitive(item) and fold_case(to_text(item)) in fold_case(to_text(collection))
    if isinstance(collection, Mapping):
        return False
    return any(are_equal(element, item) for element in _elements(collection))


def starts_with(text: object, start: object) -> bool:
    """Whether a text begins with another, ignoring case."""
    if not (is_primitive(text) and is_primitive(start)):
        return False
    return fold_case(to_text(text)).startswith(fold_case(to_text(start)))


def ends_with(text: object, end: object) -> bool:
    """Whether a text ends with another, ignoring case."""
    if not (is_primitive(text) and is_primitive(end)):
        return False
    return fold_case(to_text(text)).endswith(fold_case(to_text(end)))


_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{(\d{1,4})\}|[{}]", re.ASCII)


def format_text(pattern: object, *arguments: object) -> str:
    """Fill ``{0}``, ``{1}``…; ``{{`` and ``}}`` stand for the braces themselves."""
    text, position, pieces = to_text(pattern), 0, list[str]()
    for match in _PLACEHOLDER.finditer(text):
        pieces.append(text[position : match.start()])
        pieces.append(_fill(match, arguments))
        position = match.end()
    pieces.append(text[position:])
    return concatenate(pieces)


def _fill(match: re.Match[str], arguments: tuple[object, ...]) -> str:
    if match[1] is None:
        if len(match[0]) == 1:
            raise FunctionMistake(
                f"format() met a lone `{match[0]}`; write `{match[0] * 2}` to mean the brace itself"
            )
        return match[0][0]
    index = int(match[1])
    if index >= len(arguments):
        given = "1 value" if len(arguments) == 1 else f"{len(arguments)} values"
        raise FunctionMistake(f"format() met {match[0]} but was given {given} to fill in, counted from 0")
    return to_text(arguments[index])


def join(values: object, separator: object = ",") -> str:
    """The elements of a list as one text; a value that is no list is its own text."""
    if is_primitive(values):
        return to_text(values)
    if isinstance(values, Mapping):
        return ""
    glue = to_text(separator) if is_primitive(separator) else ","
    pieces: list[str] = []
    for element in _elements(values):
        if pieces:
            pieces.append(glue)
        pieces.append(to_text(element))
    return concatenate(pieces)


def to_json(value: object) -> str:
    """The value as JSON, indented by two."""
    return concatenate(_write_json(value, "\n"))


def from_json(text: object) -> object:
    """The value a JSON text holds."""
    source = to_text(text)
    _refuse_deep_json(source)
    try:
        return json.loads(source, parse_constant=_refuse_constant)
    except ValueError as error:
        raise FunctionMistake(f"fromJSON() was given a text that is not JSON: {error}") from error


def concatenate(pieces: Iterator[str] | Sequence[str]) -> str:
    """The pieces as one text, refused before it is built when it would be too large."""
    kept, total = list[str](), 0
    for piece in pieces:
        total += len(piece)
        if total > LARGEST_RESULT:
            raise FunctionMistake(f"the result is larger than {LARGEST_RESULT} characters")
        kept.append(piece)
    return "".join(kept)


# A quoted text that is never closed still matches, to its end, so that each character is read once.
_JSON_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


def _refuse_deep_json(source: str) -> None:
    depth = 0
    for match in _JSON_BRACKET.finditer(source):
        depth += (match[0] in "[{") - (match[0] in "]}")
        if depth > DEEPEST_JSON:
            raise FunctionMistake(f"fromJSON() was given a text nested more than {DEEPEST_JSON} deep")


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON value")


def _write_json(value: object, newline: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from _write_items(
            "{", ((_quote(str(key)) + ": ", item) for key, item in value.items()), "}", newline
        )
    elif not is_primitive(value):
        yield from _write_items("[", (("", item) for item in _elements(value)), "]", newline)
    elif isinstance(value, str):
        yield _quote(value)
    elif value is None:
        yield "null"
    elif isinstance(value, bool) or not isinstance(value, int | float):
        yield to_text(value)
    else:
        yield write_number(value)


def _write_items(
    opening: str, items: Iterator[tuple[str, object]], closing: str, newline: str
) -> Iterator[str]:
    inner, separator = newline + "  ", opening
    for label, item in items:
        yield separator + inner + label
        yield from _write_json(item, inner)
        separator = ","
    yield newline + closing if separator == "," else opening + closing


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _elements(value: object) -> Sequence[object]:
    return value if isinstance(value, Sequence) else ()


PURE_FUNCTIONS: Mapping[str, Callable[..., object]] = {
    "contains": contains,
    "startswith": starts_with,
    "endswith": ends_with,
    "format": format_text,
    "join": join,
    "tojson": to_json,
    "fromjson": from_json,
}
"""By folded name: those whose result depends on their arguments only."""
