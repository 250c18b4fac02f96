r"""What of a job's output may reach a terminal: text and colour, nothing that moves, hides or replies.

The bytes come from inside a guest and are hostile. Kept: printable text and SGR sequences (colour and
weight, ``ESC [ … m``), closed at each line's end. The other sequences that masking looks through vanish. Any
other control leaves a ``�`` where it stood: text is never joined that was apart when secrets were masked, or
a secret with a NUL in its midst would be whole again here. A line that was rewritten with ``\r`` (a progress
bar) shows as its last non-blank state. The stored log keeps every byte.
"""

import re

LONGEST_LINE = 8_192
"""Bytes of one line that are shown."""
RESET = "\x1b[0m"

_QUIET_CONTROLS = bytes(code for code in range(32) if code not in b"\n\t") + b"\x7f"
_UNSAFE = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
_UNSAFE_CHARACTER = re.compile(f"[{_UNSAFE}]")
_SEQUENCE = re.compile(
    # One class in front, and what may follow its members behind: the engine skips harmless text at once.
    rf"[{_UNSAFE}](?:"
    r"(?<=\x1b)(?P<colour>\[[0-9;:]{0,64}m)"
    r"|(?<=\x1b)(?P<seen_through>"  # by `solstice.domain.masking`
    r"\[[0-?]*[ -/]*[@-~]"  # CSI: cursor, erase, modes
    r"|[()][0-9A-Z]|[78=>]"  # character sets, saved places, keypads
    r"|\][^\x07\x1b\n]*(?:\x07|\x1b\\))"  # OSC: titles, links, clipboard
    r"|(?<=\x9b)[0-?]*[ -/]*[@-~]"  # CSI in eight bits
    r"|(?:(?<=\x1b)[PX^_]|(?<=[\x90\x98\x9d-\x9f]))"  # DCS, SOS, PM, APC, and in eight bits …
    r"[^\x07\x1b\x90\x98\x9c-\x9f\n]*(?:\x07|\x1b\\|\x9c)"  # … with their text and their end
    r"|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]*)"  # a run of controls is marked once
)
_MARK = "\ufffd"


def clean_words(text: str) -> str:
    """Make one harmless line of a short text (a step's name, a reason), without any colour."""
    flat = text.replace("\r\n", " ").replace("\n", " ").replace("\r", " ").replace("\t", " ")
    return _SEQUENCE.sub(_drop_colour, flat) if _UNSAFE_CHARACTER.search(flat) else flat


class LogLines:
    """Turns the chunks of one log into cleaned whole lines, holding back at most one bounded line."""

    def __init__(self, colour: bool) -> None:
        self._colour = colour
        self._held = b""
        self._cut = 0

    def feed(self, data: bytes) -> str:
        """Take a chunk; give the lines it completes, each ending in a newline."""
        whole, newline, rest = data.rpartition(b"\n")
        if not newline:
            self._hold(data)
            return ""
        text = ""
        if self._held or self._cut:
            first, more, whole = whole.partition(b"\n")
            self._hold(first)
            text = self.flush()
            newline = more
        if newline:
            text += self._clean_block(whole)
        self._hold(rest)
        return text

    def flush(self) -> str:
        """Give what is held of an unfinished line as a line; "" if there is nothing."""
        if not self._held and not self._cut:
            return ""
        line, self._held, cut, self._cut = self._held, b"", self._cut, 0
        return self._clean_line(line, cut) + "\n"

    def _hold(self, data: bytes) -> None:
        joined = self._held + data
        earlier, again, newest = joined.rpartition(b"\r")
        if again:
            # The line was begun anew: what stood there, cut or not, is history once something replaces it.
            data = newest if newest.strip() else _last_state(earlier) + b"\r" + newest
            self._held, self._cut = b"", 0
        room = max(LONGEST_LINE - len(self._held), 0)
        self._held += data[:room]
        self._cut += len(data) - len(data[:room])

    def _clean_block(self, block: bytes) -> str:
        if len(block.translate(None, _QUIET_CONTROLS)) != len(block):
            block = block.replace(b"\r\n", b"\n").removesuffix(b"\r")
            if b"\r" in block:
                return "".join([self._clean_line(line, 0) + "\n" for line in block.split(b"\n")])
        if _has_long_line(block):
            return "".join([self._clean_line(line, 0) + "\n" for line in block.split(b"\n")])
        return self._clean_text(block.decode("utf-8", "replace")) + "\n"

    def _clean_line(self, line: bytes, cut: int) -> str:
        if b"\r" in line:
            line = _last_state(line)
        cut += max(len(line) - LONGEST_LINE, 0)
        text = line[:LONGEST_LINE].decode("utf-8", "replace")
        if cut:
            text = text.rstrip("\ufffd")
        text = self._clean_text(text)
        return f"{text} … ({cut} more bytes in the log file)" if cut else text

    def _clean_text(self, text: str) -> str:
        if _UNSAFE_CHARACTER.search(text):
            text = _SEQUENCE.sub(_keep_colour if self._colour else _drop_colour, text)
        if "\t" in text:
            text = text.expandtabs()
        if "\x1b" in text:
            text = "\n".join([line + RESET if "\x1b" in line else line for line in text.split("\n")])
        return text


def _keep_colour(match: re.Match[str]) -> str:
    return match[0] if match.lastgroup == "colour" else _drop_colour(match)


def _drop_colour(match: re.Match[str]) -> str:
    return "" if match.lastgroup else _MARK


def _has_long_line(block: bytes) -> bool:
    return len(block) > LONGEST_LINE and max(map(len, block.split(b"\n"))) > LONGEST_LINE


def _last_state(line: bytes) -> bytes:
    states = line.rstrip(b"\r").split(b"\r")
    return next((state for state in reversed(states) if state.strip()), b"")
