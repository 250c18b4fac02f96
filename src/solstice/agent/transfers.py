"""The calls beside the session: whole files and tar streams, begun again when the link under them is cut."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import IO, Any

from grpclib.const import Status
from grpclib.exceptions import GRPCError

from solstice.agent.archive import ArchiveMistake
from solstice.agent.job import PhaseFailed
from solstice.agent.session import CUT, Session
from solstice.wire.agent import MAX_CHUNK_BYTES, Call

_MOST_ATTEMPTS = 20
_SHORTEST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0


class Absent(Exception):
    """The orchestrator has no such thing."""


class Transfers:
    """Moves bytes between threads, which read and write files, and calls of the session's links."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def receive(self, call: Call, request: Any, take: Callable[[IO[bytes]], Any]) -> Any:
        """What ``take`` makes of the answer, read as a file in a thread; `Absent` if there is none."""

        async def attempt(stream: Any) -> Any:
            async with _to_thread(take) as (write, taken):
                await stream.send_message(request, end=True)
                async for chunk in stream:
                    await write(chunk.data)
                # The status comes behind the last byte: without it, what was taken may be half.
                await stream.recv_trailing_metadata()
            return await taken

        return await self._insist(call, attempt)

    async def send(self, call: Call, header: Any, give: Callable[[IO[bytes]], None]) -> Any:
        """The receipt for what ``give`` writes in a thread into a file."""

        async def attempt(stream: Any) -> Any:
            await stream.send_message(call.request(header=header))
            async with _from_thread(give) as (read, given):
                while data := await read():
                    await stream.send_message(call.request(data=data))
                await given
            await stream.end()
            return await stream.recv_message()

        return await self._insist(call, attempt)

    async def _insist(self, call: Call, attempt: Callable[[Any], Awaitable[Any]]) -> Any:
        for number in range(_MOST_ATTEMPTS):
            link = await self._session.link()
            try:
                async with self._session.open(link, call) as stream:
                    return await attempt(stream)
            except GRPCError as error:
                if error.status is Status.NOT_FOUND:
                    raise Absent(error.message or call.name) from error
                if error.status is not Status.UNAVAILABLE:
                    raise PhaseFailed(f"{call.name}: {error.message or error.status.name}") from error
            except ArchiveMistake as mistake:
                raise PhaseFailed(str(mistake)) from mistake
            except CUT:
                pass
            await asyncio.sleep(min(_SHORTEST_PAUSE_SECONDS * 2**number, _LONGEST_PAUSE_SECONDS))
        raise PhaseFailed(f"{call.name} was cut {_MOST_ATTEMPTS} times")


@asynccontextmanager
async def _to_thread(
    take: Callable[[IO[bytes]], Any],
) -> AsyncIterator[tuple[Callable[[bytes], Awaitable[None]], "asyncio.Future[Any]"]]:
    """Write in the loop what a thread reads. Left by an error, the thread sees the end of its file."""
    read_end, write_end = os.pipe()
    taking = asyncio.ensure_future(asyncio.to_thread(_with_file, read_end, "rb", take))
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.streams.FlowControlMixin(loop), os.fdopen(write_end, "wb", buffering=0)
    )
    writer = asyncio.StreamWriter(transport, protocol, None, loop)

    async def write(data: bytes) -> None:
        if taking.done():
            # It gave up: its reason is better than our broken pipe.
            await taking
        writer.write(data)
        await writer.drain()

    try:
        yield write, taking
    except ConnectionError:
        await _settle(writer, taking)
        taking.result()
        raise
    finally:
        await _settle(writer, taking)


async def _settle(writer: asyncio.StreamWriter, taking: "asyncio.Future[Any]") -> None:
    writer.close()
    await _quietly(taking)


async def _quietly(ending: "asyncio.Future[Any]") -> None:
    """Until it is over; how it went is asked by whoever wants to know, or by nobody."""
    await asyncio.wait({ending})
    if not ending.cancelled():
        ending.exception()


@asynccontextmanager
async def _from_thread(
    give: Callable[[IO[bytes]], None],
) -> AsyncIterator[tuple[Callable[[], Awaitable[bytes]], "asyncio.Future[Any]"]]:
    """Read in the loop what a thread writes. Left by an error, the thread's next write fails."""
    read_end, write_end = os.pipe()
    giving = asyncio.ensure_future(asyncio.to_thread(_with_file, write_end, "wb", give))
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=MAX_CHUNK_BYTES)
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_end, "rb", buffering=0)
    )

    async def read() -> bytes:
        return await reader.read(MAX_CHUNK_BYTES)

    try:
        yield read, giving
    finally:
        transport.close()
        await _quietly(giving)


def _with_file(descriptor: int, mode: str, use: Callable[[IO[bytes]], Any]) -> Any:
    with open(descriptor, mode) as file:
        return use(file)
