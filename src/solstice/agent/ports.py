"""What the agent asks of the world outside its room."""

import asyncio
from typing import Protocol


class Masking(Protocol):
    """Replaces secrets in a stream of bytes."""

    def feed(self, chunk: bytes, /) -> bytes:
        """The next masked bytes; the end of what was given may be held back."""

    def flush(self) -> bytes:
        """What was held back: the stream is over."""


class Opener(Protocol):
    """Opens the byte stream to the host."""

    async def __call__(self, protocol: asyncio.BaseProtocol, /) -> object:
        """Connect the protocol to the stream, once; `OSError` if the stream does not open."""
