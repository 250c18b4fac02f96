"""A serial line to the host, and hosts that come, go and come again on it."""

import asyncio
import contextlib
import os
import random
import tty
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from solstice.agent.serial import SerialTransport
from solstice.wire.agent import messages
from tests.agent.scripted_host import ScriptedHost, agent, job, step


class Listener(asyncio.BaseProtocol):
    """Keeps what a transport tells."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[Any] = asyncio.Queue()

    def data_received(self, data: bytes) -> None:
        self.told.put_nowait(data)

    def eof_received(self) -> None:
        self.told.put_nowait("host gone")

    def pause_writing(self) -> None:
        self.told.put_nowait("pause")

    def resume_writing(self) -> None:
        self.told.put_nowait("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.told.put_nowait("lost")


async def test_the_port_stays_open_while_hosts_come_and_go(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "port")
    port = os.open(tmp_path / "port", os.O_RDONLY | os.O_NONBLOCK)
    listener = Listener()
    transport = SerialTransport(asyncio.get_running_loop(), port, listener)
    async with asyncio.timeout(5):
        for word in (b"first", b"second"):
            host = os.open(tmp_path / "port", os.O_WRONLY)
            os.write(host, word)
            assert await listener.told.get() == word
            os.close(host)
            assert await listener.told.get() == "host gone"
        transport.close()
        assert await listener.told.get() == "lost"


async def test_a_host_that_does_not_read_pauses_the_writer() -> None:
    host, guest = os.openpty()
    tty.setraw(guest)
    os.set_blocking(guest, False)
    listener = Listener()
    transport = SerialTransport(asyncio.get_running_loop(), guest, listener)
    content = os.urandom(500_000)
    transport.write(content)
    async with asyncio.timeout(5):
        assert await listener.told.get() == "pause"
        received = await asyncio.to_thread(_read_all, host, len(content))
        assert await listener.told.get() == "resume"
    transport.close()
    os.close(host)
    assert received == content


def _read_all(descriptor: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += os.read(descriptor, 65536)
    return data


@contextlib.asynccontextmanager
async def serial_line(host: ScriptedHost) -> AsyncIterator[str]:
    """A terminal line whose other end is connected to the host's channel, again whenever that closes."""
    near, far = os.openpty()
    bridging = asyncio.create_task(_bridge(host, near))
    try:
        yield f"serial:{os.ttyname(far)}"
    finally:
        bridging.cancel()
        await asyncio.gather(bridging, return_exceptions=True)
        os.close(far)


async def _bridge(host: ScriptedHost, near: int) -> None:
    loop = asyncio.get_running_loop()
    from_guest = asyncio.StreamReader()
    reading, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(from_guest), os.fdopen(os.dup(near), "rb", buffering=0)
    )
    writing, protocol = await loop.connect_write_pipe(
        lambda: asyncio.streams.FlowControlMixin(loop), os.fdopen(near, "wb", buffering=0)
    )
    to_guest = asyncio.StreamWriter(writing, protocol, None, loop)
    try:
        while True:
            from_host, to_host = await asyncio.open_unix_connection(f"{host.folder}/channel")
            upward = asyncio.create_task(_copy(from_guest, to_host))
            try:
                await _copy(from_host, to_guest)
            finally:
                upward.cancel()
                await asyncio.gather(upward, return_exceptions=True)
                to_host.close()
    finally:
        reading.close()
        writing.abort()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()


async def test_a_host_that_starts_anew_in_the_middle_of_http2_is_noticed_by_its_prepare() -> None:
    cuts = iter([20_000, 100_000, 5_000, 70_000])
    produce = "import random, sys; sys.stdout.buffer.write(random.Random(3).randbytes(600_000))"
    script = ScriptedHost(job(step(produce, shell="python3")), cut_after=lambda: next(cuts, None))
    async with (
        script.serving() as host,
        asyncio.timeout(20),
        serial_line(host) as line,
        agent(host, channel=line) as process,
    ):
        assert await process.wait() == 0
    assert bytes(host.heard.log) == random.Random(3).randbytes(600_000)
    assert host.heard.end.result == messages.JOB_RESULT_SUCCEEDED
    assert host.cuts >= 4
