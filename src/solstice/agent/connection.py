"""The conversation on a raw byte stream: the handshake, HTTP/2 behind it, and all again with a new host."""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any

from grpclib.client import Channel, Handler
from grpclib.config import Configuration
from grpclib.encoding.proto import ProtoCodec
from grpclib.protocol import H2Protocol

from solstice.agent.ports import Opener
from solstice.wire.handshake import (
    MARK,
    MAX_LINE_BYTES,
    WAIT_SECONDS,
    LineReader,
    Prepare,
    ready_line,
    wait_line,
)

log = logging.getLogger(__name__)

WINDOW_BYTES = 4 * 1024 * 1024
"""What the host may send before it has to wait, unless the transport keeps less."""
_PREPARE = MARK + b"PREPARE "
_ANSWER_AGAIN_SECONDS = 2.0
_PATIENCE_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


class Link(Channel):  # type: ignore[misc]
    """A gRPC channel over one handshaken stretch of the byte stream; it never connects again by itself."""

    def __init__(self, window_bytes: int) -> None:
        config = Configuration(
            http2_connection_window_size=window_bytes, http2_stream_window_size=window_bytes
        )
        super().__init__(codec=ProtoCodec(), config=config)
        self.lost = asyncio.Event()

    def begin(self, leash: "Leash") -> Any:
        """Speak HTTP/2 through the leash from now on."""
        self._protocol = H2Protocol(Handler(), self._config, self._h2_config)
        self._protocol.connection_made(leash)
        return self._protocol

    async def _create_connection(self) -> Any:
        raise ConnectionError("the connection to the host is gone")


class Leash:
    """What one link may do with the transport, until another conversation takes the transport over."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport: asyncio.Transport | None = transport

    def cut(self) -> None:
        """From now on nothing reaches the transport."""
        self._transport = None

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def is_closing(self) -> bool:
        return self._transport is None or self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default if self._transport is None else self._transport.get_extra_info(name, default)


class Doorway(asyncio.BaseProtocol):
    """The protocol on the raw byte stream: shakes hands, and does so again whenever the host begins anew.

    ``prepare`` is called once for each PREPARE nonce before it is answered, ``on_link`` with every new
    link; the link before it is lost by then. ``rehearse`` is done once if the host asks for it.
    """

    def __init__(
        self,
        prepare: Callable[[Prepare], None],
        on_link: Callable[[Link], None],
        rehearse: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._prepare = prepare
        self._rehearse = rehearse
        self._rehearsal: asyncio.Task[None] | None = None
        self._on_link = on_link
        self._lines = LineReader()
        self._nonce = ""
        self._answered = 0.0
        self._tail = b""
        self._link: Link | None = None
        self._leash: Leash | None = None
        self._h2: Any = None
        self._waiting: asyncio.TimerHandle | None = None
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._wait()

    def data_received(self, data: bytes) -> None:
        if self._h2 is not None:
            restart = self._find_restart(data)
            if restart is None:
                self._h2.data_received(data)
                return
            log.info("the host began a new handshake")
            self._lose()
            data = restart
        self._shake_hands(data)

    def pause_writing(self) -> None:
        if self._h2 is not None:
            self._h2.pause_writing()

    def resume_writing(self) -> None:
        if self._h2 is not None:
            self._h2.resume_writing()

    def eof_received(self) -> None:
        """The host closed its end; a serial port reports this and stays open for the next host."""
        self._lose()
        self._lines = LineReader()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose()
        self._stop_waiting()
        self.closed.set()

    def _wait(self) -> None:
        """Say that somebody is here, again and again until the host says its first word."""
        self._stop_waiting()
        self._transport.write(wait_line())
        self._waiting = asyncio.get_running_loop().call_later(WAIT_SECONDS, self._wait)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _shake_hands(self, data: bytes) -> None:
        while lines := self._lines.feed(data):
            data = b""
            for line in lines:
                if line.word == "PREPARE" and (prepare := line.prepare()) is not None:
                    self._answer(line.nonce, prepare)
                elif line.word == "REHEARSE" and self._rehearse and not self._rehearsal:
                    self._stop_waiting()
                    self._rehearsal = asyncio.create_task(self._do_rehearse(line.nonce, self._rehearse()))
                elif line.word == "GO" and line.nonce == self._nonce:
                    self._begin(self._lines.rest())
                    return

    async def _do_rehearse(self, nonce: str, rehearsal: Awaitable[None]) -> None:
        await rehearsal
        self._transport.write(ready_line(nonce))

    def _answer(self, nonce: str, prepare: Prepare) -> None:
        self._stop_waiting()
        if nonce != self._nonce:
            self._prepare(prepare)
        elif time.monotonic() - self._answered < _ANSWER_AGAIN_SECONDS:
            # The host repeats itself while we are slow; a second READY would meet its HTTP/2.
            return
        self._nonce, self._answered = nonce, time.monotonic()
        self._transport.write(ready_line(nonce))

    def _begin(self, first: bytes) -> None:
        # A nonce serves once: a stray second GO must not end in a second session.
        self._nonce, self._tail = "", b""
        self._leash = Leash(self._transport)
        self._link = link = Link(self._transport.get_extra_info("window_bytes", WINDOW_BYTES))
        self._h2 = link.begin(self._leash)
        self._on_link(link)
        if first:
            self.data_received(first)

    def _find_restart(self, data: bytes) -> bytes | None:
        """The bytes from a whole, valid PREPARE line on, if one is complete now.

        A line is judged whole, for what is transferred may well hold the mark (our own byte code does).
        """
        window = self._tail + data
        start = window.find(_PREPARE)
        while start >= 0:
            end = window.find(b"\n", start, start + MAX_LINE_BYTES)
            if end < 0 and len(window) - start < MAX_LINE_BYTES:
                self._tail = window[start:]
                return None
            if end >= 0 and any(line.prepare() for line in LineReader().feed(window[start : end + 1])):
                return window[start:]
            start = window.find(_PREPARE, start + 1)
        self._tail = window[1 - len(_PREPARE) :]
        return None

    def _lose(self) -> None:
        link, leash, h2 = self._link, self._leash, self._h2
        self._link = self._leash = self._h2 = None
        if link is not None and leash is not None:
            leash.cut()
            h2.connection_lost(None)
            link.close()
            link.lost.set()


async def keep_connected(
    opener: Opener,
    prepare: Callable[[Prepare], None],
    on_link: Callable[[Link], None],
    rehearse: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Open the channel, and again with jittered patience whenever it is closed; never returns."""
    failures = 0
    while True:
        doorway = Doorway(prepare, on_link, rehearse)
        try:
            await opener(doorway)
        except OSError as error:
            log.log(
                logging.WARNING if failures == 0 else logging.DEBUG, "the channel does not open: %s", error
            )
        else:
            failures = 0
            await doorway.closed.wait()
        await asyncio.sleep(_jitter(_PATIENCE_SECONDS[min(failures, len(_PATIENCE_SECONDS) - 1)]))
        failures += 1


def _jitter(seconds: float) -> float:
    # From the kernel: clones of one template share the state of Python's own generator.
    return seconds * (0.5 + os.urandom(1)[0] / 255)
