"""A bounded backlog between the event loop and a file descriptor that may be slow, stuck or gone."""

import os
import select
import threading
from collections import deque
from time import monotonic

_ROOM = 4 * 1024 * 1024
_SLICE = 64 * 1024


class Pump:
    """Writes bytes to a descriptor from a thread of its own, in order.

    A terminal that somebody halted must never halt the jobs: their agents would fall silent. So only
    those who wish to wait for room do, and no longer than they say.
    """

    def __init__(self, descriptor: int, room: int = _ROOM) -> None:
        self._descriptor = descriptor
        self._room = room
        self._backlog: deque[bytes] = deque()
        self._pending = 0
        self._closing = False
        self._changed = threading.Condition()
        self.is_gone = False
        """Nobody reads any more; what is put is thrown away."""
        self.failure: OSError | None = None
        """Why nothing can be written any more, unless the reader has merely gone."""
        self._thread = threading.Thread(target=self._run, name="output", daemon=True)
        self._thread.start()

    @property
    def is_behind(self) -> bool:
        """Whether more waits to be written than is worth adding to, just to look lively."""
        return self._pending > self._room // 8

    def put(self, data: bytes) -> None:
        """Add to the backlog, whatever its length."""
        with self._changed:
            if not self.is_gone:
                self._backlog.append(data)
                self._pending += len(data)
                self._changed.notify_all()

    def wait_for_room(self, patience_seconds: float | None) -> bool:
        """Wait until the backlog is short of its bound, or patience ends; say whether there is room."""
        if self._pending < self._room:
            return True
        with self._changed:
            return self._changed.wait_for(
                lambda: self._pending < self._room or self.is_gone, patience_seconds
            )

    def close(self, patience_seconds: float | None = None) -> None:
        """Wait until all is written; give up when nothing at all was taken for ``patience_seconds``."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            left, since = self._pending, monotonic()
            while self._pending and not self.is_gone:
                self._changed.wait(patience_seconds)
                if self._pending < left:
                    left, since = self._pending, monotonic()
                elif patience_seconds is not None and monotonic() - since >= patience_seconds:
                    return
        self._thread.join(1)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._backlog or self._closing)
                if not self._backlog:
                    return
                data = b"".join(self._backlog)
                self._backlog.clear()
            self._write(memoryview(data))

    def _write(self, data: memoryview) -> None:
        while data:
            try:
                # On the descriptor itself: a thread caught inside a buffered stream's lock would break
                # the interpreter's way out.
                count = os.write(self._descriptor, data[:_SLICE])
            except BlockingIOError:
                select.select([], [self._descriptor], [], 1)
                continue
            except OSError as error:
                self._give_up(error)
                return
            data = data[count:]
            with self._changed:
                self._pending -= count
                self._changed.notify_all()

    def _give_up(self, error: OSError) -> None:
        with self._changed:
            if not isinstance(error, BrokenPipeError | ConnectionResetError):
                self.failure = error
            self.is_gone = True
            self._backlog.clear()
            self._pending = 0
            self._changed.notify_all()
