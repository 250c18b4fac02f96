"""What a guest's serial console says, kept up to a cap: the beginning, and the end."""

import asyncio
import contextlib
from collections import deque
from pathlib import Path

from solstice.adapters.machines.listening import listen

HEAD_BYTES = 64 * 1024
TAIL_BYTES = 192 * 1024
CUT = b"\n[solstice: %d bytes of console cut here]\n"


class Console:
    """Listens on a unix socket, keeps the first and the last bytes in memory and the first in a file."""

    def __init__(self, socket: Path, file: Path) -> None:
        self._socket, self._file = socket, file
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_size = 0
        self._cut = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, owner: int | None) -> None:
        """Listen; ``owner`` is the user id the hypervisor's process connects as."""
        self._server = await listen(self._accept, self._socket, owner)

    async def stop(self) -> None:
        """Stop listening; what was said stays readable."""
        if self._server:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def read(self) -> bytes:
        """Everything kept, with a mark where something was cut."""
        middle = CUT % self._cut if self._cut else b""
        return bytes(self._head) + middle + b"".join(self._tail)

    def feed(self, data: bytes) -> None:
        """Keep what was said."""
        room = HEAD_BYTES - len(self._head)
        if room > 0:
            self._head += data[:room]
            self._keep(data[:room])
        if rest := data[max(room, 0) :]:
            self._tail.append(rest)
            self._tail_size += len(rest)
        while self._tail_size - len(self._tail[0] if self._tail else b"") >= TAIL_BYTES:
            gone = self._tail.popleft()
            self._tail_size -= len(gone)
            self._cut += len(gone)

    def _keep(self, data: bytes) -> None:
        with contextlib.suppress(OSError), self._file.open("ab") as file:
            file.write(data)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            self._tasks.add(task)
        try:
            while data := await reader.read(16 * 1024):
                self.feed(data)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            if task:
                self._tasks.discard(task)
