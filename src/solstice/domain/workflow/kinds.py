"""The kinds of values a workflow is written in, each with the words for what it expects."""

from collections.abc import Callable
from datetime import timedelta

from solstice.domain.cron import CRON_WORDS, BadCron, check_cron
from solstice.domain.filters import BadGlob, compile_glob
from solstice.domain.kdl import Scalar
from solstice.domain.quantity import DURATION_WORDS, SIZE_WORDS, BadQuantity, parse_duration, parse_size
from solstice.domain.suggestion import did_you_mean
from solstice.domain.workflow.grammar import Holes, Kind, Unfit

LONGEST_NAME = 128
_ID_CHARS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
_WORD_CHARS = _ID_CHARS - {"-"}
_SHELL_CHARS = _ID_CHARS | frozenset("./+=: ")
_TRUTHS = {"true": "#true", "yes": "#true", "on": "#true", "false": "#false", "no": "#false", "off": "#false"}
_ENVIRONMENT_HINT = 'put it into the environment (`env { NAME "${{ … }}" }`) and use "$NAME" here'


def _type_of(scalar: Scalar) -> str:
    if scalar is None:
        return "null"
    if isinstance(scalar, bool):
        return "a truth value"
    return "a text" if isinstance(scalar, str) else "a number"


def _wrong_type(scalar: Scalar, words: str, hint: str = "") -> Unfit:
    return Unfit("wrong-type", f"{_type_of(scalar)} stands here", expected=words, hint=hint)


def _text(scalar: Scalar, words: str = "a text") -> str:
    if not isinstance(scalar, str):
        quoted = scalar if isinstance(scalar, int | float) and not isinstance(scalar, bool) else None
        raise _wrong_type(scalar, words, "" if quoted is None else f'write it in quotes: "{quoted}"')
    return scalar


def _filled_text(scalar: Scalar, words: str) -> str:
    text = _text(scalar, words)
    if not text.strip():
        raise Unfit("empty-text", "nothing stands here", expected=words)
    return text


def _texts(words: str, holes: Holes = Holes.REFUSED, hole_hint: str = "write the value itself here") -> Kind:
    return Kind(words, lambda scalar: _filled_text(scalar, words), holes, hole_hint)


def _condition(holes: Holes) -> Kind:
    return Kind("an expression", lambda scalar: _filled_text(scalar, "an expression"), holes)


def _template(words: str, holes: Holes = Holes.DISPATCH) -> Kind:
    return Kind(words, lambda scalar: _filled_text(scalar, words), holes)


def _read_name(scalar: Scalar) -> str:
    text = _filled_text(scalar, "a name")
    if len(text) > LONGEST_NAME:
        raise Unfit("limit-name", f"this name has {len(text)} characters", expected=f"at most {LONGEST_NAME}")
    if not text.isprintable():
        raise Unfit(
            "bad-name", "this name holds characters that cannot be shown", expected="one line of text"
        )
    return text


def read_label(scalar: Scalar) -> str:
    """The name of a label, a size, a group or an artifact, as written or as a template gives it."""
    return _read_name(scalar).strip()


def _spelled(
    words: str, code: str, chars: frozenset[str], *, no_digit_first: bool = False
) -> Callable[[Scalar], str]:
    def read(scalar: Scalar) -> str:
        text = _filled_text(scalar, words)
        if len(text) > LONGEST_NAME:
            raise Unfit(
                "limit-name", f"this name has {len(text)} characters", expected=f"at most {LONGEST_NAME}"
            )
        wrong = next((i for i, char in enumerate(text) if char not in chars), None)
        if wrong is None and no_digit_first and text[0].isdigit():
            wrong = 0
        if wrong is not None:
            mended = "".join(char if char in chars else "_" for char in text)
            raise Unfit(
                code,
                f"`{text[wrong]}` may not stand in this name",
                expected=words,
                hint=f"write `{mended}`" if mended.strip("_") and mended != text else "",
                frame=(wrong, wrong + 1),
            )
        return text

    return read


def _read_boolean(scalar: Scalar) -> bool:
    if not isinstance(scalar, bool):
        meant = _TRUTHS.get(scalar.lower()) if isinstance(scalar, str) else None
        raise _wrong_type(scalar, "#true or #false", f"write `{meant}` without quotes" if meant else "")
    return scalar


def whole_number(lowest: int, highest: int) -> Kind:
    """A whole number within bounds, both allowed."""
    words = f"a whole number from {lowest} to {highest}"

    def read(scalar: Scalar) -> int:
        if isinstance(scalar, bool) or not isinstance(scalar, int):
            digits = isinstance(scalar, str) and scalar.isascii() and scalar.isdigit() and len(scalar) < 10
            raise _wrong_type(scalar, words, f"write `{scalar}` without quotes" if digits else "")
        if not lowest <= scalar <= highest:
            raise Unfit("out-of-range", "this number is out of range", expected=words)
        return scalar

    return Kind(words, read)


def choice(*options: str) -> Kind:
    """One text of a closed set."""
    words = " or ".join(f'"{option}"' for option in options)

    def read(scalar: Scalar) -> str:
        text = _text(scalar, words)
        if text not in options:
            raise Unfit(
                "unknown-choice",
                f"`{text}` is not known here",
                expected=words,
                hint=did_you_mean(text, options),
            )
        return text

    return Kind(words, read)


def _read_duration(scalar: Scalar) -> timedelta:
    if isinstance(scalar, int) and not isinstance(scalar, bool):
        raise _wrong_type(scalar, DURATION_WORDS, f'write "{scalar}m" for minutes or "{scalar}s" for seconds')
    try:
        return parse_duration(_text(scalar, DURATION_WORDS))
    except BadQuantity as bad:
        raise Unfit("bad-duration", str(bad), expected=DURATION_WORDS, hint=bad.hint) from bad


def read_size(scalar: Scalar) -> int:
    """Bytes, from a text such as ``4GiB``."""
    if isinstance(scalar, int) and not isinstance(scalar, bool):
        raise _wrong_type(scalar, SIZE_WORDS, f'write "{scalar}GiB"')
    try:
        return parse_size(_text(scalar, SIZE_WORDS))
    except BadQuantity as bad:
        raise Unfit("bad-size", str(bad), expected=SIZE_WORDS, hint=bad.hint) from bad


def read_cpus(scalar: Scalar) -> int:
    """A number of processors; a text of digits will do, because that is what a template gives."""
    if isinstance(scalar, str) and scalar.isascii() and scalar.isdigit() and len(scalar) < 6:
        scalar = int(scalar)
    number = whole_number(1, 1024).read(scalar)
    assert isinstance(number, int)  # noqa: S101 - what whole_number reads
    return number


def _or_template(words: str, read: Callable[[Scalar], object], holes: Holes = Holes.PLANNING) -> Kind:
    def read_either(scalar: Scalar) -> object:
        if isinstance(scalar, str) and "${{" in scalar:
            return scalar
        return read(scalar)

    return Kind(words, read_either, holes)


def _read_cron(scalar: Scalar) -> str:
    text = _text(scalar, CRON_WORDS)
    try:
        check_cron(text)
    except BadCron as bad:
        frame = (bad.offset, bad.offset + bad.length) if bad.length else None
        raise Unfit("bad-cron", str(bad), expected=CRON_WORDS, hint=bad.hint, frame=frame) from bad
    return text


def _read_timezone(scalar: Scalar) -> str:
    words = 'a zone such as "UTC" or "Europe/Zurich"'
    text = _text(scalar, words)
    parts = text.split("/")
    fits = all(
        part and part[0].isalpha() and all(c.isascii() and (c.isalnum() or c in "_+-") for c in part)
        for part in parts
    )
    if not fits or len(text) > 64 or len(parts) > 3:
        raise Unfit("bad-timezone", f"`{text}` is not the name of a time zone", expected=words)
    return text


def _read_shell(scalar: Scalar) -> str:
    words = 'a program and its flags, such as "bash" or "bash -eo pipefail"'
    text = _text(scalar, words)
    if not text.strip() or text.startswith("-") or len(text) > LONGEST_NAME or not set(text) <= _SHELL_CHARS:
        raise Unfit("bad-shell", f"`{text}` is not a shell", expected=words)
    return " ".join(text.split())


def _read_path(scalar: Scalar) -> str:
    words = "a path inside the repository"
    text = _filled_text(scalar, words)
    if text.startswith(("/", "~")) or "\0" in text or "\n" in text or ".." in text.split("/"):
        raise Unfit(
            "bad-path",
            "this path leads out of the repository",
            expected=words,
            hint="start at the repository's root",
        )
    return text


def _read_glob(scalar: Scalar) -> str:
    words = 'a pattern such as "main", "release/*" or "!docs/**"'
    text = _filled_text(scalar, words)
    refusal = text.startswith("!")
    try:
        compile_glob(text[refusal:])
    except BadGlob as bad:
        frame = (bad.offset + refusal, len(text))
        raise Unfit("bad-glob", str(bad), expected=words, hint="", frame=frame) from bad
    return text


def scalar_text(scalar: Scalar) -> str:
    """A scalar as the environment of a process holds it."""
    if isinstance(scalar, bool):
        return "true" if scalar else "false"
    return "" if scalar is None else str(scalar)


def _read_any(scalar: Scalar) -> Scalar:
    if isinstance(scalar, float) and (scalar != scalar or scalar in (float("inf"), float("-inf"))):
        raise _wrong_type(scalar, "a finite number, a text, a truth value or null")
    return scalar


TEXT = _texts("a text")
NAME = Kind("a name", _read_name)
ID = Kind("an id", _spelled("letters, digits, `_` and `-`", "bad-id", _ID_CHARS))
WORD = Kind(
    "a name",
    _spelled("letters, digits and `_`, no digit first", "bad-name", _WORD_CHARS, no_digit_first=True),
)
AXIS = Kind(
    "a name",
    _spelled("letters, digits, `_` and `-`, no digit first", "bad-name", _ID_CHARS, no_digit_first=True),
)
BOOLEAN = Kind("#true or #false", _read_boolean)
DURATION = Kind(DURATION_WORDS, _read_duration)
CRON = Kind(CRON_WORDS, _read_cron)
TIMEZONE = Kind('a zone such as "UTC"', _read_timezone)
SHELL = Kind('a program such as "bash"', _read_shell)
PATH = Kind("a path inside the repository", _read_path)
GLOB = Kind("a pattern", _read_glob)
SCRIPT = _texts("a command for the shell", Holes.REFUSED, _ENVIRONMENT_HINT)
SCALAR = Kind("a text, a number, a truth value or null", _read_any, becomes_text=True)
JOB_CONDITION = _condition(Holes.JOB_CONDITION)
STEP_CONDITION = _condition(Holes.STEP_CONDITION)
LABEL = _or_template('a label such as "debian-12"', read_label)
GROUP = _or_template("the name of a group", read_label)
ARTIFACT = _or_template("the name of an artifact", read_label, Holes.DISPATCH)
TEMPLATE = _template("a text")
KEY = _template("a key", Holes.CACHE_KEY)
ENVIRONMENT = Kind(
    "a text, a number or a truth value",
    lambda scalar: scalar_text(_read_any(scalar)),
    Holes.DISPATCH,
    becomes_text=True,
)
SIZE_NAME = _or_template("the name of a size", read_label)
CPUS = _or_template("a number of processors", read_cpus)
SIZE = _or_template(SIZE_WORDS, read_size)
