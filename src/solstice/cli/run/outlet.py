"""Where a watcher's text goes: a stream that may know few characters, be slow, or be gone."""

import io
from typing import IO, Any

from solstice.cli.run.pump import Pump
from solstice.cli.run.style import Look

_ASCII = str.maketrans({"–": "-", "│": "|", "…": "~", "·": "-", "─": "-"})
_PATIENCE_SECONDS = 0.5


class Outlet:
    """Encodes text for a stream; falls silent for good once the reader has gone.

    A stream with a descriptor is written by a thread, so that a stuck terminal does not stop the run.
    """

    def __init__(self, out: IO[Any], patience_seconds: float = _PATIENCE_SECONDS) -> None:
        self._patience_seconds = patience_seconds
        self._encoding: str = getattr(out, "encoding", None) or "utf-8"
        self.prints_symbols = self._can_print_symbols()
        """Whether every symbol we use can be encoded for the stream."""
        self._pump = _make_pump(out)
        self._out = out
        self._takes_text = hasattr(out, "encoding") and not hasattr(out, "buffer")
        self._is_stuck = False
        self._unshown_lines = 0
        self._is_gone = False

    @property
    def is_gone(self) -> bool:
        """Whether there is nobody left to tell (``solstice run | head``); the jobs go on."""
        return self._is_gone or (self._pump is not None and self._pump.is_gone)

    @property
    def is_behind(self) -> bool:
        """Whether the reader does not keep up just now."""
        return self._pump is not None and self._pump.is_behind

    def write(self, text: str) -> None:
        """Write what is few and must be seen: never waits, never drops."""
        if not text or self.is_gone:
            return
        if self._pump is None:
            self._write_now(text)
        else:
            self._pump.put(self._encode(text))

    def write_log(self, text: str) -> None:
        """Write lines that jobs printed: a stuck reader misses them, and is told how many."""
        if self._pump is not None and not self._has_room(self._pump):
            self._unshown_lines += text.count("\n")
            return
        self._own_up()
        self.write(text)

    def write_patiently(self, text: str) -> None:
        """Write what must be complete, waiting for the reader as long as it takes."""
        if self._pump is not None:
            self._pump.wait_for_room(None)
        self.write(text)

    def close(self, last_words: str = "") -> None:
        """Write the end, and wait until the reader has everything; raises `OSError` if it never can."""
        self._own_up()
        self.write(last_words)
        if self._pump is not None:
            self._pump.close()
            if error := self._pump.failure:
                raise OSError(error.errno, error.strerror, "standard output") from error

    def _own_up(self) -> None:
        if self._unshown_lines:
            count, self._unshown_lines = self._unshown_lines, 0
            self.write(f"… {count} lines not shown: the output was stuck; they are in the log files\n")

    def _has_room(self, pump: Pump) -> bool:
        # Patience is spent once: while nothing at all is taken, further lines are not waited for.
        has_room = pump.wait_for_room(0 if self._is_stuck else self._patience_seconds)
        self._is_stuck = not has_room
        return has_room

    def _encode(self, text: str) -> bytes:
        if not self.prints_symbols and not text.isascii():
            text = text.translate(_ASCII)
        return text.encode(self._encoding, "replace")

    def _write_now(self, text: str) -> None:
        data = self._encode(text)
        try:
            if self._takes_text:
                self._out.write(data.decode(self._encoding))
            else:
                getattr(self._out, "buffer", self._out).write(data)
            self._out.flush()
        except (BrokenPipeError, ConnectionResetError):
            self._is_gone = True

    def _can_print_symbols(self) -> bool:
        try:
            ("".join(look.value[0] for look in Look) + "│…–─").encode(self._encoding)
        except (UnicodeEncodeError, LookupError):
            return False
        return True


def _make_pump(out: IO[Any]) -> Pump | None:
    try:
        descriptor = out.fileno()
    except (AttributeError, io.UnsupportedOperation):
        return None
    out.flush()
    return Pump(descriptor)
