"""The byte stream between one guest's agent and the orchestrator: handshake first, then a splice to gRPC."""

import asyncio
import contextlib
import logging
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from solstice.adapters.machines.listening import listen
from solstice.wire.handshake import (
    REPEAT_SECONDS,
    Line,
    LineReader,
    Prepare,
    go_line,
    prepare_line,
    rehearse_line,
)

log = logging.getLogger(__name__)

CHUNK = 256 * 1024
ENTROPY_BYTES = 64
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What a client's HTTP/2 begins with (RFC 9113, 3.4)."""


class AgentChannel:
    """Listens on a unix socket for a guest's channel and connects it to the orchestrator.

    ``guest_open`` is set while something in the guest has the channel open: the hypervisor tells, or the
    guest itself, by saying WAIT. Each connection, and each time the guest opens the channel anew, begins
    with a handshake.
    """

    def __init__(self, path: Path, endpoint: Path, prepare: Callable[[], Prepare]) -> None:
        self._path, self._endpoint, self._prepare = path, endpoint, prepare
        self.guest_open = asyncio.Event()
        self.spoken = asyncio.Event()
        """Set once a guest has answered a handshake."""
        self.rehearsed = asyncio.Event()
        """Set once a guest has done the rehearsal that `rehearse` asked for."""
        self._rehearse = False
        self._may_speak = asyncio.Event()
        self._guest_closed = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, owner: int | None, *, silent: bool = False, rehearse: bool = False) -> None:
        """Listen; ``owner`` is the user id the hypervisor's process connects as.

        A ``silent`` channel says nothing to its guest before `speak`: a template, and a machine that
        stands by, wait in front of the handshake; the latter is asked to ``rehearse`` meanwhile.
        """
        self._rehearse = rehearse
        if not silent:
            self._may_speak.set()
        self._server = await listen(self._accept, self._path, owner)

    def speak(self, prepare: Callable[[], Prepare]) -> None:
        """Begin the handshake of a silent channel, with the identity its machine has got by now."""
        self._prepare = prepare
        self._may_speak.set()

    async def stop(self) -> None:
        """Hang up and stop listening."""
        if self._server:
            self._server.close()
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    def guest_changed(self, opened: bool) -> None:
        """The guest opened or closed its end."""
        if opened:
            self._guest_closed.clear()
            self.guest_open.set()
        else:
            self.guest_open.clear()
            self._guest_closed.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._task and not self._task.done():
            self._task.cancel()
        self._task = asyncio.current_task()
        try:
            await self._await_guest(reader)
            if self._rehearse:
                await self._ask_rehearsal(reader, writer)
            await self._may_speak.wait()
            while not reader.at_eof():
                await self._await_guest(reader)
                rest = await self._shake_hands(reader, writer)
                if rest is not None:
                    await self._splice(rest, reader, writer)
        except (OSError, asyncio.CancelledError) as error:
            log.debug("agent channel closed: %r", error)
            # What was not sent yet will not be read by anybody: a close would wait for it.
            writer.transport.abort()
        finally:
            writer.close()

    async def _ask_rehearsal(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonce, lines = secrets.token_hex(8), LineReader()
        writer.write(rehearse_line(nonce))
        await writer.drain()
        while data := await reader.read(CHUNK):
            heard = lines.feed(data)
            if Line("READY", nonce) in heard:
                self.rehearsed.set()
                return

    async def _await_guest(self, reader: asyncio.StreamReader) -> None:
        # Not every hypervisor sees who opens its ports, and a serial line keeps all that is said too early.
        told = asyncio.create_task(_wait(self.guest_open))
        heard = asyncio.create_task(_hear_waiting(reader))
        try:
            await asyncio.wait((told, heard), return_when=asyncio.FIRST_COMPLETED)
            if heard.done() and heard.result():
                self.guest_changed(opened=True)
        finally:
            told.cancel()
            heard.cancel()
            await asyncio.gather(told, heard, return_exceptions=True)

    async def _shake_hands(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes | None:
        nonce, lines = secrets.token_hex(8), LineReader()
        said = 0.0
        while not reader.at_eof() and self.guest_open.is_set():
            if time.monotonic() - said >= REPEAT_SECONDS:
                said = time.monotonic()
                writer.write(prepare_line(nonce, self._prepare()))
                await writer.drain()
            try:
                async with asyncio.timeout(REPEAT_SECONDS):
                    data = await reader.read(CHUNK)
            except TimeoutError:
                continue
            if any(line == Line("READY", nonce) for line in lines.feed(data)):
                writer.write(go_line(nonce))
                self.spoken.set()
                return lines.rest()
        return None

    async def _splice(self, rest: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ours, theirs = await asyncio.open_unix_connection(self._endpoint, limit=CHUNK)
        tasks: list[asyncio.Task[None]] = []
        try:
            theirs.write(await _skip_to_preface(rest, reader))
            tasks += [
                asyncio.create_task(_copy(reader, theirs)),
                asyncio.create_task(_copy(ours, writer)),
                asyncio.create_task(_wait(self._guest_closed)),
            ]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Before anything is waited for: `stop` may cancel this, too.
            theirs.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with contextlib.suppress(OSError):
                await theirs.wait_closed()


async def _hear_waiting(reader: asyncio.StreamReader) -> bool:
    """Read until a guest says that it waits; False if nobody is there any more."""
    lines = LineReader()
    while data := await reader.read(CHUNK):
        if any(line.word == "WAIT" for line in lines.feed(data)):
            return True
    return False


async def _skip_to_preface(data: bytes, reader: asyncio.StreamReader) -> bytes:
    """The stream from HTTP/2's first bytes on: a slow guest may have answered PREPARE more than once."""
    while (start := data.find(PREFACE)) < 0:
        more = await reader.read(CHUNK)
        if not more:
            return b""
        data = data[-len(PREFACE) :] + more
    return data[start:]


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(CHUNK):
            target.write(data)
            await target.drain()


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


def prepare_for(hostname: str, token: str) -> Callable[[], Prepare]:
    """A maker of `Prepare` for one machine: time and randomness fresh each time, the identity fixed."""
    machine_id = secrets.token_hex(16)

    def make() -> Prepare:
        return Prepare(time.time(), os.urandom(ENTROPY_BYTES), hostname, machine_id, token)

    return make
