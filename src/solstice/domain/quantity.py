"""Durations and sizes as people write them (``1h30m``, ``4GiB``): read, checked and written back."""

from datetime import timedelta

_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_BYTES = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
_LOOSE_UNITS = {
    "k": "KiB", "kb": "KiB", "kib": "KiB",
    "m": "MiB", "mb": "MiB", "mib": "MiB",
    "g": "GiB", "gb": "GiB", "gib": "GiB",
    "t": "TiB", "tb": "TiB", "tib": "TiB",
}  # fmt: skip
_LONGEST = 64
_MOST_BYTES = 2**60
_MOST_SECONDS = 3650 * 86_400

DURATION_WORDS = 'a duration such as "90s", "20m", "1h30m" or "30d"'
SIZE_WORDS = 'a size such as "512MiB", "4GiB" or "1.5TiB"'


class BadQuantity(ValueError):
    """A text that is no duration or size; ``hint`` says how to mend it, where that is known."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def parse_duration(text: str) -> timedelta:
    """Read whole numbers with units ``w d h m s``, each unit once, the largest first."""
    seconds, position, units = 0, 0, list(_SECONDS)
    if not text or len(text) > _LONGEST:
        raise BadQuantity("this is not a duration")
    if _is_digits(text):
        raise BadQuantity(
            "this duration has no unit", f"write `{text}m` for minutes or `{text}s` for seconds"
        )
    while position < len(text):
        digits = _leading_digits(text, position)
        unit = text[position + len(digits) : position + len(digits) + 1]
        if not digits or unit not in units:
            raise BadQuantity("this is not a duration", _duration_hint(text))
        seconds += int(digits) * _SECONDS[unit]
        units = units[units.index(unit) + 1 :]
        position += len(digits) + 1
    if seconds == 0:
        raise BadQuantity("a duration is longer than nothing")
    if seconds > _MOST_SECONDS:
        raise BadQuantity("this duration is longer than ten years")
    return timedelta(seconds=seconds)


def format_duration(duration: timedelta) -> str:
    """Write a duration as `parse_duration` reads it, in whole seconds."""
    left, words = int(duration.total_seconds()), []
    for unit, seconds in _SECONDS.items():
        if unit != "w" and left >= seconds:
            words.append(f"{left // seconds}{unit}")
            left %= seconds
    return "".join(words) or "0s"


def parse_size(text: str) -> int:
    """Read a number with a unit, binary (``KiB MiB GiB TiB``) or decimal (``kB MB GB TB``), as bytes."""
    number = text.rstrip("kKMGTiBbmgt ")
    unit = text[len(number) :].strip()
    whole, _, fraction = number.partition(".")
    if len(text) > _LONGEST or not _is_digits(whole) or (fraction and not _is_digits(fraction)):
        raise BadQuantity("this is not a size")
    if unit not in _BYTES:
        raise BadQuantity("this size has no known unit", _size_hint(number, unit))
    size = int(whole + fraction) * _BYTES[unit] // int("1" + "0" * len(fraction))
    if size == 0:
        raise BadQuantity("a size is more than nothing")
    if size > _MOST_BYTES:
        raise BadQuantity("this size is larger than any machine has")
    return size


def format_size(size: int) -> str:
    """Write bytes in the largest binary unit that divides them."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if size and size % _BYTES[unit] == 0:
            return f"{size // _BYTES[unit]}{unit}"
    return f"{size}B"


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _leading_digits(text: str, start: int) -> str:
    end = start
    while end < len(text) and _is_digits(text[end]):
        end += 1
    return text[start:end]


def _duration_hint(text: str) -> str:
    compact = text.replace(" ", "").lower()
    for word, short in (("seconds", "s"), ("minutes", "m"), ("hours", "h"), ("days", "d"), ("weeks", "w")):
        for spelling in (word, word[:-1], word[:3] + "s", word[:3]):
            if compact.endswith(spelling) and _is_digits(compact[: -len(spelling)]):
                return f"write `{compact[: -len(spelling)]}{short}`"
    if compact != text:
        return "write it in lower case without spaces"
    return "write whole numbers, each with w, d, h, m or s, the largest first"


def _size_hint(number: str, unit: str) -> str:
    return f"write `{number}{_LOOSE_UNITS.get(unit.lower(), 'GiB')}`"
