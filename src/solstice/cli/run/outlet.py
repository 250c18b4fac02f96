"""Where a watcher's text goes: a stream that may be narrow-minded about characters, or gone."""

from typing import IO, Any

from solstice.cli.run.style import Look

_ASCII = str.maketrans({"–": "-", "│": "|", "…": "~", "·": "-"})


class Outlet:
    """Writes text to a binary or text stream; falls silent for good once the reader has gone."""

    def __init__(self, out: IO[Any]) -> None:
        binary = out if not hasattr(out, "encoding") else None
        self._binary: IO[bytes] | None = getattr(out, "buffer", binary)
        self._text = out
        self._encoding: str = getattr(out, "encoding", None) or "utf-8"
        self.is_gone = False
        self.prints_symbols = self._can_print_symbols()
        """Whether every symbol we use can be encoded for the stream."""

    def _can_print_symbols(self) -> bool:
        try:
            ("".join(look.value[0] for look in Look) + "│…–").encode(self._encoding)
        except (UnicodeEncodeError, LookupError):
            return False
        return True

    def write(self, text: str) -> None:
        """Write and flush; characters the stream does not know become ``?``."""
        if self.is_gone or not text:
            return
        if not self.prints_symbols and not text.isascii():
            text = text.translate(_ASCII)
        try:
            if self._binary is None:
                self._text.write(text)
                self._text.flush()
            else:
                self._binary.write(text.encode(self._encoding, "replace"))
                self._binary.flush()
        except (BrokenPipeError, ConnectionResetError):
            # ``solstice run | head``: the jobs go on; there is merely nobody left to tell.
            self.is_gone = True
