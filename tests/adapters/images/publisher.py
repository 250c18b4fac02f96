"""A web server for tests that serves files well, or in any of the ways in which servers fail."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    path: str
    headers: dict[str, str]

    @property
    def start(self) -> int:
        """The first byte of the range it asks for."""
        return int(self.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")[0])


@dataclass(frozen=True, slots=True)
class Served:
    data: bytes
    etag: str = '"one"'


Answer = Callable[[Request, Served, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Publisher:
    """Serves ``files``; the answers in ``quirks`` are given first, one for each request."""

    files: dict[str, Served] = field(default_factory=dict)
    quirks: list[Answer] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    url: str = ""
    tasks: set["asyncio.Task[None] | None"] = field(default_factory=set)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tasks.add(asyncio.current_task())
        try:
            await self._answer(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            request = await _read_request(reader)
            self.requests.append(request)
            served = self.files.get(request.path, Served(b""))
            if self.quirks:
                await self.quirks.pop(0)(request, served, writer)
            elif request.path in self.files:
                await serve(request, served, writer)
            else:
                await send(writer, "404 Not Found", {}, b"")


@asynccontextmanager
async def open_publisher() -> AsyncIterator[Publisher]:
    publisher = Publisher()
    server = await asyncio.start_server(publisher.answer, "127.0.0.1", 0)
    publisher.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield publisher
    finally:
        server.close()
        tasks = [task for task in publisher.tasks if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def serve(request: Request, served: Served, writer: asyncio.StreamWriter) -> None:
    """Do as a good server does, ranges included."""
    validator = request.headers.get("if-range", served.etag)
    if request.start and validator == served.etag:
        size = len(served.data)
        where = {"Content-Range": f"bytes {request.start}-{size - 1}/{size}", "ETag": served.etag}
        await send(writer, "206 Partial Content", where, served.data[request.start :])
    else:
        await send(writer, "200 OK", {"ETag": served.etag}, served.data)


def break_off(after: int) -> Answer:
    """Promise everything, send ``after`` bytes, hang up."""

    async def answer(request: Request, served: Served, writer: asyncio.StreamWriter) -> None:
        headers = {"ETag": served.etag, "Content-Length": str(len(served.data))}
        await send(writer, "200 OK", headers, served.data[:after])

    return answer


def stall(after: int) -> Answer:
    """Send ``after`` bytes, then nothing, with the connection open to the end."""

    async def answer(request: Request, served: Served, writer: asyncio.StreamWriter) -> None:
        headers = {"ETag": served.etag, "Content-Length": str(len(served.data))}
        await send(writer, "200 OK", headers, served.data[:after])
        await asyncio.Event().wait()

    return answer


def say(status: str, **headers: str) -> Answer:
    """Answer with a status and no file."""

    async def answer(request: Request, served: Served, writer: asyncio.StreamWriter) -> None:
        await send(writer, status, {name.replace("_", "-"): value for name, value in headers.items()}, b"")

    return answer


async def ignore_range(request: Request, served: Served, writer: asyncio.StreamWriter) -> None:
    await send(writer, "200 OK", {"ETag": served.etag}, served.data)


async def send_another_part(request: Request, served: Served, writer: asyncio.StreamWriter) -> None:
    where = {"Content-Range": f"bytes 1-{len(served.data) - 1}/{len(served.data)}"}
    await send(writer, "206 Partial Content", where, served.data[1:])


async def send(writer: asyncio.StreamWriter, status: str, headers: dict[str, str], body: bytes) -> None:
    lines = {"Content-Length": str(len(body)), "Connection": "close", **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    writer.write(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body)
    await writer.drain()


async def _read_request(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *rest = head.strip().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in rest)
    return Request(first.split(" ")[1], headers)
