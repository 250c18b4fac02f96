"""The outputs file of a step: ``name=value`` lines, and values of several lines behind ``name<<WORD``."""

import re

MAX_FILE_BYTES = 1024 * 1024
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,127}")


class OutputMistake(Exception):
    """The file does not say what it should; the message names the line."""


def parse_outputs(data: bytes) -> dict[str, str]:
    """What the file sets, the last setting of a name winning; `OutputMistake` for anything malformed.

    >>> parse_outputs(b"version=1.2\\nnotes<<END\\na\\nb\\nEND\\n")
    {'version': '1.2', 'notes': 'a\\nb'}
    """
    if len(data) > MAX_FILE_BYTES:
        raise OutputMistake(f"the outputs file is larger than {MAX_FILE_BYTES} bytes")
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise OutputMistake(f"the outputs file is not UTF-8 at byte {error.start}") from error
    found: dict[str, str] = {}
    at = 0
    while at < len(lines):
        line = lines[at].removesuffix("\r")
        at += 1
        if not line:
            continue
        name, value, at = _setting(lines, line, at)
        found[name] = value
    return found


def _setting(lines: list[str], line: str, at: int) -> tuple[str, str, int]:
    """Name, value and the index of the line behind them."""
    name, mark, rest = re.match(r"([^=<]*)(=|<<|)(.*)", line, re.DOTALL).groups()  # type: ignore[union-attr]
    if not mark or not _NAME.fullmatch(name):
        raise OutputMistake(f"line {at} of the outputs file is not name=value with a plain name")
    if mark == "=":
        return name, rest, at
    for end in range(at, len(lines)):
        if rest and lines[end].removesuffix("\r") == rest:
            return name, "\n".join(lines[at:end]), end + 1
    raise OutputMistake(f'line {at} of the outputs file begins "{name}" with {mark}, but its end is missing')
