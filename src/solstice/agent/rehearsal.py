"""A host inside the agent's own process: it serves one job, so that the agent has done a whole one."""

import asyncio
import struct
from collections.abc import Callable
from typing import Any

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded

from solstice.wire.agent import CALLS, GET_SOURCE, PUT_ARTIFACT, SESSION, Call, messages
from solstice.wire.handshake import MARK

_CALLS = {call.path: call for call in CALLS}
_PREFIX = struct.Struct(">BI")
"""What precedes each message of gRPC: whether it is compressed, and its length."""
_HEADERS = ((":status", "200"), ("content-type", "application/grpc"))
_NOT_FOUND = "5"


class RehearsalHost(asyncio.Transport):
    """A transport whose other end is here. ``to_agent`` takes the bytes of the answers.

    It knows no credential and checks none: nothing of a real job is ever said to it.
    """

    def __init__(self, assignment: Any, bundle: bytes, to_agent: Callable[[bytes], None]) -> None:
        super().__init__()
        self._assignment, self._bundle, self._to_agent = assignment, bundle, to_agent
        self._loop = asyncio.get_running_loop()
        self._h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._h2.initiate_connection()
        self._calls: dict[int, Call] = {}
        self._heard: dict[int, bytearray] = {}
        self._closed = False
        self.result: Any = None
        """How the job ended, once the agent has said so."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        said = bytes(data)
        if not said.startswith(MARK):
            self._loop.call_soon(self._receive, said)

    def close(self) -> None:
        self._closed = True

    def is_closing(self) -> bool:
        return self._closed

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def _receive(self, data: bytes) -> None:
        if self._closed:
            return
        for event in self._h2.receive_data(data):
            if isinstance(event, RequestReceived):
                self._open(event.stream_id, dict(event.headers)[":path"])
            elif isinstance(event, DataReceived):
                self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                self._hear(event.stream_id, event.data)
            elif isinstance(event, StreamEnded) and event.stream_id in self._calls:
                self._answer_whole(event.stream_id)
        if answer := self._h2.data_to_send():
            self._to_agent(answer)

    def _open(self, stream: int, path: str) -> None:
        self._calls[stream], self._heard[stream] = _CALLS[path], bytearray()
        self._h2.send_headers(stream, _HEADERS)

    def _hear(self, stream: int, data: bytes) -> None:
        heard = self._heard[stream]
        heard += data
        while len(heard) >= _PREFIX.size:
            _, length = _PREFIX.unpack_from(heard)
            if len(heard) < _PREFIX.size + length:
                return
            message = bytes(heard[_PREFIX.size : _PREFIX.size + length])
            del heard[: _PREFIX.size + length]
            if self._calls[stream] is SESSION:
                self._converse(stream, SESSION.request.FromString(message))

    def _converse(self, stream: int, said: Any) -> None:
        if said.WhichOneof("kind") == "hello":
            self._say(stream, messages.ServerMessage(assignment=self._assignment))
        elif said.seq:
            self._say(stream, messages.ServerMessage(log_ack=messages.LogAck(seq=said.seq)))
        if said.WhichOneof("kind") == "job_end":
            self.result = said.job_end.result
            self._say(stream, messages.ServerMessage(goodbye=messages.Goodbye()))

    def _answer_whole(self, stream: int) -> None:
        """The answer to a call whose request is complete."""
        call = self._calls.pop(stream)
        if call is GET_SOURCE:
            self._say(stream, messages.Chunk(data=self._bundle))
        elif call is PUT_ARTIFACT:
            self._say(stream, messages.ArtifactReceipt(size=1, sha256="0" * 64, files=1))
        status = "0" if call in (SESSION, GET_SOURCE, PUT_ARTIFACT) else _NOT_FOUND
        self._h2.send_headers(stream, (("grpc-status", status),), end_stream=True)

    def _say(self, stream: int, message: Any) -> None:
        body = message.SerializeToString()
        self._h2.send_data(stream, _PREFIX.pack(0, len(body)) + body)
