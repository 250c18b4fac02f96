"""What the agent has said and the orchestrator has not yet taken: kept in order, sent again after a cut."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from solstice.wire.agent import messages

MAX_BUFFERED_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Item:
    message: Any
    size: int


class Outbox:
    """Numbers messages from 1 and keeps each until its number is acknowledged.

    ``post`` never waits, so that what must be said can be; whoever produces without limit asks for
    ``room`` first and thereby feels a slow or absent orchestrator.
    """

    def __init__(self, limit: int = MAX_BUFFERED_BYTES) -> None:
        self._items: deque[_Item] = deque()
        self._sent = 0
        self._seq = 0
        self._bytes = 0
        self._limit = limit
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def post(self, **kind: Any) -> None:
        """Append one message, given as the field of `AgentMessage` that it is."""
        self._seq += 1
        message = messages.AgentMessage(seq=self._seq, **kind)
        size = message.ByteSize()
        self._items.append(_Item(message, size))
        self._bytes += size
        if self._bytes > self._limit:
            self._room.clear()
        self._changed.set()

    async def room(self) -> None:
        """Wait until less than the limit is waiting for acknowledgement."""
        await self._room.wait()

    def acknowledge(self, seq: int) -> None:
        """Forget every message up to ``seq``."""
        while self._items and self._items[0].message.seq <= seq:
            self._bytes -= self._items.popleft().size
            self._sent = max(0, self._sent - 1)
        if self._bytes <= self._limit:
            self._room.set()
        self._changed.set()

    def rewind(self) -> None:
        """After a cut: everything unacknowledged is to be sent again."""
        self._sent = 0

    def take(self) -> Any | None:
        """The next message to send, ``None`` if there is none now."""
        if self._sent >= len(self._items):
            return None
        item = self._items[self._sent]
        self._sent += 1
        return item.message

    async def wait(self, seconds: float) -> None:
        """Until something may have changed, at most ``seconds``."""
        self._changed.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    async def drained(self, enough: Callable[[], bool] = lambda: False) -> None:
        """Until everything is acknowledged, or ``enough`` says so when looked at."""
        while self._items and not enough():
            await self.wait(1.0)
