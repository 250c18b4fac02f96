"""The five fields of a schedule, checked; when they come true is for the scheduler to say."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    ("day of the week", 0, 7, {name: number for number, name in enumerate(_DAYS)}),
)
_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
CRON_WORDS = "five fields: minute, hour, day of the month, month, day of the week"


class BadCron(ValueError):
    """A text that is no schedule; ``offset`` and ``length`` frame the field at fault."""

    def __init__(self, message: str, offset: int = 0, length: int = 0, hint: str = "") -> None:
        super().__init__(message)
        self.offset = offset
        self.length = length
        self.hint = hint


def check_cron(text: str) -> None:
    """Raise `BadCron` unless the text is five fields of numbers, names, ``*``, ``a-b``, ``/n`` and lists."""
    if text in _NICKNAMES:
        raise BadCron("nicknames are not read", 0, len(text), f'write "{_NICKNAMES[text]}"')
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise BadCron(f"a schedule has five fields, this has {len(fields)}", 0, len(text))
    offset = 0
    for field, (name, lowest, highest, names) in zip(fields, _FIELDS, strict=True):
        offset = text.index(field, offset)
        for part in field.split(","):
            problem = _check_part(part, lowest, highest, names)
            if problem:
                raise BadCron(f"{problem} in the field {name}", offset, len(field), f"{lowest} to {highest}")
        offset += len(field)


def _check_part(part: str, lowest: int, highest: int, names: dict[str, int]) -> str:
    span, slash, step = part.partition("/")
    if slash and not (_is_number(step) and 0 < int(step) <= highest):
        return f"`{part}` has a bad step"
    if span == "*":
        return ""
    first, dash, last = span.partition("-")
    numbers = [_read(word, names) for word in ((first, last) if dash else (first,))]
    if any(number is None or not lowest <= number <= highest for number in numbers):
        return (
            f"`{part}` is out of range"
            if all(_is_number(word) for word in span.split("-"))
            else f"`{part}` is not known"
        )
    if dash and (numbers[0] or 0) > (numbers[1] or 0):
        return f"`{part}` ends before it begins"
    return ""


def _read(word: str, names: dict[str, int]) -> int | None:
    if _is_number(word):
        return int(word)
    return names.get(word.lower())


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 5
