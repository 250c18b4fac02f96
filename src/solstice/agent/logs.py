"""The job's log as it leaves the machine: masked, addressed by byte offset, in chunks, up to a limit."""

import asyncio

from solstice.agent.outbox import Outbox
from solstice.agent.ports import Masking
from solstice.wire.agent import MAX_CHUNK_BYTES, messages

COALESCE_SECONDS = 0.05
AGENT = -1
"""The step number of the agent's own words."""


class JobLog:
    """Takes the bytes of one source at a time; `begin` tells whose they are from now on."""

    def __init__(self, outbox: Outbox, masker: Masking, limit: int = 0) -> None:
        self._outbox = outbox
        self._masker = masker
        self._limit = limit
        self._step = AGENT
        self._pending = bytearray()
        self._end = 0
        self._full = False
        self._timer: asyncio.TimerHandle | None = None
        self._emitted = -COALESCE_SECONDS

    def begin(self, step: int) -> int:
        """The offset at which the output of ``step`` (or of the agent, `AGENT`) begins."""
        offset = self.finish()
        self._step = step
        return offset

    def finish(self) -> int:
        """Let out everything held back; the offset of the log's end."""
        self._append(self._masker.flush())
        self._emit()
        return self._end

    async def write(self, data: bytes) -> None:
        """Append output of the current step; waits while too much is unacknowledged."""
        await self._outbox.room()
        self._append(self._masker.feed(data))

    def say(self, text: str) -> None:
        """A line of the agent's own about the current step."""
        self._append(self._masker.feed(f"{text}\n".encode("utf-8", "replace")))

    def _append(self, data: bytes) -> None:
        if self._full or not data:
            return
        room = self._limit - self._end - len(self._pending)
        if self._limit and len(data) > room:
            marker = f"\n[solstice: log limit of {self._limit} bytes reached; the rest is dropped]\n"
            data = data[: max(0, room)] + marker.encode("ascii")
            self._full = True
        self._pending += data
        if len(self._pending) >= MAX_CHUNK_BYTES or self._full:
            self._emit()
        elif self._timer is None:
            # The first words after a silence go at once; only what follows them closely is gathered.
            loop = asyncio.get_running_loop()
            due = self._emitted + COALESCE_SECONDS
            if loop.time() >= due:
                self._emit()
            else:
                self._timer = loop.call_at(due, self._emit)

    def _emit(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        pending, self._pending = self._pending, bytearray()
        if pending:
            self._emitted = asyncio.get_running_loop().time()
        for start in range(0, len(pending), MAX_CHUNK_BYTES):
            data = bytes(pending[start : start + MAX_CHUNK_BYTES])
            self._outbox.post(log_chunk=messages.LogChunk(step=self._step, offset=self._end, data=data))
            self._end += len(data)
