"""An agent's side of the wire, as raw as a hostile one could be: grpc.aio on the orchestrator's socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from solstice.orchestrator.app import AgentApp
from solstice.wire import agent as wire
from solstice.wire.agent import messages
from tests.fakes.rooms import Rooms


class Client:
    """Calls under one credential."""

    def __init__(self, channel: Any, credential: str | None) -> None:
        self._channel = channel
        self._metadata = [("authorization", f"Bearer {credential}")] if credential is not None else []

    def open(self, call: wire.Call, *given: Any, timeout: float = 10.0, raw: bool = False) -> Any:
        """The call; ``raw`` sends bytes as they are."""
        kind = {True: "stream", False: "unary"}
        make = getattr(self._channel, f"{kind[call.request_streams]}_{kind[call.response_streams]}")
        serialise = None if raw else call.request.SerializeToString
        method = make(call.path, request_serializer=serialise, response_deserializer=call.response.FromString)
        return method(*given, metadata=self._metadata, timeout=timeout)

    def converse(self, *, raw: bool = False) -> "Conversation":
        """A session."""
        return Conversation(self.open(wire.SESSION, raw=raw))


class Conversation:
    """One session stream."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    async def say(self, seq: int = 0, **body: Any) -> None:
        """Send one message."""
        await self.stream.write(messages.AgentMessage(seq=seq, **body))

    async def hear(self, kind: str = "") -> Any:
        """The next message, or the next of one kind."""
        while (message := await self._read()) is not grpc.aio.EOF:
            said = message.WhichOneof("kind")
            if not kind or said == kind:
                return getattr(message, said)
        raise EOFError(f"the stream ended with {await self.stream.code()}")

    async def hear_out(self) -> list[str]:
        """The kinds of everything up to the end."""
        kinds = []
        while (message := await self._read()) is not grpc.aio.EOF:
            kinds.append(message.WhichOneof("kind"))
        return kinds

    async def _read(self) -> Any:
        message = await self.stream.read()
        if message is not grpc.aio.EOF and message.HasField("goodbye"):
            # The server waits for this, so that its last word is not lost.
            await self.stream.done_writing()
        return message

    async def acknowledged(self, offset: int) -> Any:
        """Read until the log up to ``offset`` is durable."""
        while (ack := await self.hear("log_ack")).offset < offset:
            pass
        return ack


class Desk:
    """Rooms with their gRPC face on a socket."""

    def __init__(self, rooms: Rooms, socket: Path, channel: Any) -> None:
        self.rooms, self.socket, self._channel = rooms, socket, channel

    def client(self, credential: str | None) -> Client:
        """An agent that comes with this credential."""
        return Client(self._channel, credential)

    async def begin(self, number: int = 0) -> tuple[Client, Conversation, Any]:
        """The agent of the machine with this number, its session, its assignment."""
        token = self.rooms.hypervisor.orders[number].token
        conversation = self.client(token).converse()
        await conversation.say(hello=messages.Hello())
        assignment = await conversation.hear("assignment")
        return self.client(assignment.session), conversation, assignment


@contextlib.asynccontextmanager
async def serving(rooms: Rooms, folder: Path) -> AsyncIterator[Desk]:
    """The app on a socket in ``folder``, and a channel to it."""
    app = AgentApp(rooms.sessions)
    socket = folder / "grpc"
    await app.start(socket)
    options = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    try:
        async with grpc.aio.insecure_channel(f"unix:{socket}", options=options) as channel:
            yield Desk(rooms, socket, channel)
    finally:
        await app.stop()
        await rooms.close()


async def refusal_of(client: Client, chunks: list[Any]) -> Any:
    """The code an artifact is refused with.

    If that comes while a message is on its way, the client's library loses it: then once more.
    """
    for _ in range(20):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await put(client, *chunks)
        ours = caught.value.details() == "the host could not do it"
        if ours or caught.value.code() is not grpc.StatusCode.INTERNAL:
            return caught.value.code()
    raise AssertionError("the library lost every answer")


async def put(client: Client, *chunks: Any) -> Any:
    """Store an artifact; the receipt."""
    call = client.open(wire.PUT_ARTIFACT)
    # A refusal may come while we still speak.
    with contextlib.suppress(asyncio.InvalidStateError):
        for chunk in chunks:
            await call.write(chunk)
        await call.done_writing()
    return await call


def artifact_chunks(name: str, data: bytes) -> list[Any]:
    """The messages an artifact travels in."""
    header = messages.ArtifactChunk(header=messages.ArtifactHeader(name=name))
    pieces = [data[start : start + 50_000] for start in range(0, len(data), 50_000)]
    return [header, *(messages.ArtifactChunk(data=piece) for piece in pieces)]
