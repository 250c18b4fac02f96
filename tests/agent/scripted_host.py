"""A host for one agent: the handshake on a unix socket, a splice that can be cut, and a scripted server."""

import asyncio
import contextlib
import hashlib
import io
import secrets
import sys
import tarfile
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc

from solstice.wire.agent import CALLS, SERVICE, messages
from solstice.wire.handshake import REPEAT_SECONDS, LineReader, Prepare, go_line, prepare_line
from tests.agent.nursery import ZIPAPP, ForkedAgent, fork_agent

SESSION_CREDENTIAL = "session-credential"
TOKEN = "one-use-token"


@dataclass
class Transcript:
    """What the server heard, after dropping what it had already."""

    hellos: list[Any] = field(default_factory=list)
    said: list[Any] = field(default_factory=list)
    log: bytearray = field(default_factory=bytearray)
    seq: int = 0
    credentials: list[str] = field(default_factory=list)
    artifacts: dict[str, bytes] = field(default_factory=dict)
    caches: dict[str, bytes] = field(default_factory=dict)
    heartbeats: int = 0
    largest_chunk: int = 0

    def all(self, kind: str) -> list[Any]:
        return [getattr(message, kind) for message in self.said if message.WhichOneof("kind") == kind]

    @property
    def end(self) -> Any:
        (end,) = self.all("job_end")
        return end

    @property
    def steps(self) -> list[Any]:
        return self.all("step_finished")

    def renew(self) -> "Transcript":
        """The stores as they are, for a job that comes later."""
        return Transcript(artifacts=self.artifacts, caches=self.caches)

    def step_log(self, number: int) -> bytes:
        (started,) = [s for s in self.all("step_started") if s.step == number]
        (finished,) = [s for s in self.all("step_finished") if s.step == number]
        return bytes(self.log[started.log_offset : finished.log_end])

    def files(self, name: str) -> dict[str, bytes]:
        with tarfile.open(fileobj=io.BytesIO(self.artifacts[name])) as archive:
            return {
                member.name: archive.extractfile(member).read()  # type: ignore[union-attr]
                for member in archive.getmembers()
                if member.isfile()
            }


class ScriptedHost:
    """Serves one job to one agent, over as many connections as it takes."""

    def __init__(
        self,
        assignment: Any,
        *,
        source: bytes = b"",
        cut_after: Callable[[], int | None] = lambda: None,
        ack: bool = True,
        refuse: Any = None,
        heard: Transcript | None = None,
    ) -> None:
        self.assignment = assignment
        self.assignment.session = SESSION_CREDENTIAL
        self.source = source
        self.heard = heard or Transcript()
        self.cuts = 0
        self.acks = asyncio.Event()
        if ack:
            self.acks.set()
        self.said = asyncio.Condition()
        self.closed = asyncio.Event()
        self._cut_after = cut_after
        self._refuse = refuse
        self._tasks: set[asyncio.Task[None]] = set()
        self._streams: list[asyncio.StreamWriter] = []
        self.commands: asyncio.Queue[Any] = asyncio.Queue()

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["ScriptedHost"]:
        with tempfile.TemporaryDirectory(prefix="sol") as folder:
            self.folder = Path(folder)
            # The job may run as another user.
            self.folder.chmod(0o755)
            self._server = grpc.aio.server()
            handlers = {call.name: self._implement(call) for call in CALLS}
            self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
            self._server.add_insecure_port(f"unix:{self.folder}/grpc")
            await self._server.start()
            listener = await asyncio.start_unix_server(self._accept, f"{self.folder}/channel")
            network = await asyncio.start_server(self._accept, "127.0.0.1", 0)
            self.port: int = network.sockets[0].getsockname()[1]
            try:
                yield self
            finally:
                listener.close()
                network.close()
                for stream in self._streams:
                    stream.close()
                await listener.wait_closed()
                await network.wait_closed()
                for task in list(self._tasks):
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)
                await self._server.stop(0)

    def _implement(self, call: Any) -> Any:
        there, back = (
            "stream" if streams else "unary" for streams in (call.request_streams, call.response_streams)
        )
        make = getattr(grpc, f"{there}_{back}_rpc_method_handler")
        method = getattr(self, "_" + "".join(f"_{c.lower()}" if c.isupper() else c for c in call.name)[1:])
        return make(
            method,
            request_deserializer=call.request.FromString,
            response_serializer=call.response.SerializeToString,
        )

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._streams.append(writer)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._shake_hands(reader, writer)
            await self._splice(reader, writer)
        writer.close()

    async def _shake_hands(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonce = secrets.token_hex(8)
        prepare = Prepare(time.time(), secrets.token_bytes(32), "guest", "", TOKEN)
        lines = LineReader()
        while True:
            writer.write(b"left over" + prepare_line(nonce, prepare))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REPEAT_SECONDS):
                    data = await reader.read(65536)
                    if not data:
                        raise ConnectionResetError
                    if any(line.word == "READY" and line.nonce == nonce for line in lines.feed(data)):
                        break
        writer.write(go_line(nonce))

    async def _splice(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_server, from_server = None, None
        from_server, to_server = await asyncio.open_unix_connection(f"{self.folder}/grpc")
        self._streams.append(to_server)
        budget = self._cut_after()
        pumps = [
            asyncio.create_task(_pump(reader, to_server, budget)),
            asyncio.create_task(_pump(from_server, writer, None)),
        ]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        self.cuts += 1
        self.closed.set()
        to_server.transport.abort()
        writer.transport.abort()

    async def _session(self, requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
        heard = self.heard
        heard.credentials.append(dict(context.invocation_metadata())["authorization"])
        if self._refuse is not None:
            await context.abort(self._refuse, "no")
        hello = await anext(requests)
        heard.hellos.append(hello.hello)
        answers: asyncio.Queue[Any] = asyncio.Queue()
        answers.put_nowait(messages.ServerMessage(assignment=self.assignment))
        answers.put_nowait(self._ack())
        hearing = asyncio.create_task(self._hear(requests, answers))
        ordering = asyncio.create_task(self._order(answers))
        acking = asyncio.create_task(self._ack_once_allowed(answers))
        try:
            while True:
                answer = await answers.get()
                yield answer
                if answer.WhichOneof("kind") == "goodbye":
                    return
        finally:
            for task in (hearing, ordering, acking):
                task.cancel()
            await asyncio.gather(hearing, ordering, acking, return_exceptions=True)

    async def _ack_once_allowed(self, answers: asyncio.Queue[Any]) -> None:
        await self.acks.wait()
        answers.put_nowait(self._ack())

    async def _order(self, answers: asyncio.Queue[Any]) -> None:
        while True:
            answers.put_nowait(await self.commands.get())

    async def _hear(self, requests: AsyncIterator[Any], answers: asyncio.Queue[Any]) -> None:
        async for message in requests:
            if message.WhichOneof("kind") == "heartbeat":
                self.heard.heartbeats += 1
                async with self.said:
                    self.said.notify_all()
                continue
            self._take(message)
            async with self.said:
                self.said.notify_all()
            if self.acks.is_set():
                answers.put_nowait(self._ack())
            if message.WhichOneof("kind") == "job_end":
                answers.put_nowait(messages.ServerMessage(goodbye=messages.Goodbye()))

    def _take(self, message: Any) -> None:
        heard = self.heard
        if message.seq <= heard.seq:
            return
        assert message.seq == heard.seq + 1, "a message was lost"
        heard.seq = message.seq
        if message.WhichOneof("kind") == "log_chunk":
            chunk = message.log_chunk
            assert chunk.offset == len(heard.log)
            heard.log += chunk.data
            heard.largest_chunk = max(heard.largest_chunk, len(chunk.data))
        else:
            heard.said.append(message)

    def _ack(self) -> Any:
        return messages.ServerMessage(log_ack=messages.LogAck(offset=len(self.heard.log), seq=self.heard.seq))

    async def _get_source(self, request: Any, context: Any) -> AsyncIterator[Any]:
        await self._check(context)
        for start in range(0, len(self.source), 65536):
            yield messages.Chunk(data=self.source[start : start + 65536])

    async def _put_artifact(self, requests: AsyncIterator[Any], context: Any) -> Any:
        await self._check(context)
        name, data = "", bytearray()
        async for message in requests:
            name = name or message.header.name
            data += message.data
        self.heard.artifacts[name] = bytes(data)
        return messages.ArtifactReceipt(size=len(data), sha256=hashlib.sha256(data).hexdigest(), files=1)

    async def _get_artifact(self, request: Any, context: Any) -> AsyncIterator[Any]:
        await self._check(context)
        data = self.heard.artifacts.get(request.name)
        if data is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such artifact")
            return
        for start in range(0, len(data), 65536):
            yield messages.Chunk(data=data[start : start + 65536])

    async def _put_cache(self, requests: AsyncIterator[Any], context: Any) -> Any:
        await self._check(context)
        key, data = "", bytearray()
        async for message in requests:
            key = key or message.header.key
            data += message.data
        self.heard.caches[key] = bytes(data)
        return messages.CacheReceipt(stored=True)

    async def _get_cache(self, request: Any, context: Any) -> AsyncIterator[Any]:
        await self._check(context)
        data = self.heard.caches.get(request.key)
        if data is None:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such cache")
            return
        for start in range(0, len(data), 65536):
            yield messages.Chunk(data=data[start : start + 65536])

    async def _check(self, context: Any) -> None:
        if dict(context.invocation_metadata())["authorization"] != f"Bearer {SESSION_CREDENTIAL}":
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "who are you?")


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, budget: int | None) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            if budget is not None:
                data = data[:budget]
                budget -= len(data)
            writer.write(data)
            await writer.drain()
            if budget == 0:
                return


@contextlib.asynccontextmanager
async def agent(
    host: ScriptedHost, *flags: str, channel: str = "", forked: bool = True
) -> AsyncIterator[ForkedAgent | asyncio.subprocess.Process]:
    """The zipapp as a process of its own, on the host's channel."""
    arguments = ["--channel", channel or f"unix:{host.folder}/channel", "--workdir", f"{host.folder}/job"]
    arguments += ["--no-mend", "--log-level", "error", *flags]
    process: ForkedAgent | asyncio.subprocess.Process
    if forked:
        process = await fork_agent(arguments)
    else:
        process = await asyncio.create_subprocess_exec(sys.executable, "-I", str(ZIPAPP), *arguments)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def run_job(
    assignment: Any, *, code: int = 0, seconds: float = 30, forked: bool = True, **script: Any
) -> Transcript:
    """The whole story of one job; what the server heard of it."""
    async with ScriptedHost(assignment, **script).serving() as host, asyncio.timeout(seconds):
        async with agent(host, forked=forked) as process:
            assert await process.wait() == code
        return host.heard


def step(run: str = "", **more: Any) -> Any:
    """A step as the orchestrator sends one: it runs after success unless told otherwise."""
    return messages.Step(**{"name": run[:20] or "step", "run": run, "on_success": True, **more})


def job(*steps: Any, **more: Any) -> Any:
    """An assignment without a source."""
    return messages.Assignment(job="test", steps=steps, timeout_ms=60_000, **{"heartbeat_ms": 1000, **more})
