"""The one conversation about the job: its stream, kept alive over any number of links."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any

from grpclib.client import Stream
from grpclib.const import Cardinality, Status
from grpclib.encoding.proto import ProtoCodec
from grpclib.exceptions import GRPCError, ProtocolError, StreamTerminatedError
from grpclib.stream import recv_message
from h2.exceptions import H2Error

from solstice.agent.connection import Link
from solstice.agent.outbox import Outbox
from solstice.wire.agent import SESSION, Call, messages

log = logging.getLogger(__name__)

CUT = (StreamTerminatedError, ProtocolError, H2Error, ConnectionError, TimeoutError)
"""What grpclib raises when the link under a call is gone."""
_REFUSALS = (Status.PERMISSION_DENIED, Status.UNAUTHENTICATED, Status.FAILED_PRECONDITION)
_FIRST_WORD_SECONDS = 30.0
_LAST_WORD_SECONDS = 2.0
_SHORTEST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0
_DEFAULT_HEARTBEAT_SECONDS = 10.0
_CARDINALITY = {
    (False, False): Cardinality.UNARY_UNARY,
    (False, True): Cardinality.UNARY_STREAM,
    (True, False): Cardinality.STREAM_UNARY,
    (True, True): Cardinality.STREAM_STREAM,
}


class Refused(Exception):
    """The orchestrator does not know this agent, or not any more: there is nothing left to do here."""


class Session:
    """Speaks `Session` on whatever link there is; the job sees an outbox, an assignment and a cancel.

    The credential is the one-use token until the first assignment, and from then on what that carried.
    """

    def __init__(self, read_facts: Callable[[], Any], token: str = "") -> None:
        self.outbox = Outbox()
        self.assignment: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.cancelled: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.settled = asyncio.Event()
        self._read_facts = read_facts
        self._token = token
        self._credential = ""
        self._link: Link | None = None
        self._linked = asyncio.Event()
        self._heartbeat_seconds = _DEFAULT_HEARTBEAT_SECONDS

    def use_token(self, token: str) -> None:
        """The latest one-use token; it only counts until there is a session credential."""
        if token:
            self._token = token

    def use_link(self, link: Link) -> None:
        """Go on over this link; the one before is lost."""
        self._link = link
        self._linked.set()

    async def link(self) -> Link:
        """A link that is not known to be lost."""
        while self._link is None or self._link.lost.is_set():
            self._linked.clear()
            await self._linked.wait()
        return self._link

    def open(self, link: Link, call: Call) -> Any:
        """A call on this link under our credential, as grpclib's stream."""
        metadata = {"authorization": f"Bearer {self._credential or self._token}"}
        cardinality = _CARDINALITY[call.request_streams, call.response_streams]
        stream: Stream[Any, Any] = link.request(
            call.path, cardinality, call.request, call.response, metadata=metadata
        )
        return stream

    async def run(self) -> None:
        """Converse until the job is settled; `Refused` if the orchestrator will not have us."""
        pause = _SHORTEST_PAUSE_SECONDS
        while not self.settled.is_set():
            link = await self.link()
            began = time.monotonic()
            # A task of its own: grpclib cancels the task that uses a stream when the link is lost.
            await asyncio.create_task(self._attempt(link))
            if time.monotonic() - began > _LONGEST_PAUSE_SECONDS:
                pause = _SHORTEST_PAUSE_SECONDS
            # After a lost link, whoever opens the next one has patience enough for both.
            if not (link.lost.is_set() or self.settled.is_set()):
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _attempt(self, link: Link) -> None:
        try:
            async with self.open(link, SESSION) as stream:
                await self._converse(stream)
        except GRPCError as error:
            if error.status in _REFUSALS:
                raise Refused(f"{error.status.name}: {error.message or 'no reason given'}") from error
            log.warning("the session was ended: %s", error)
        except CUT as error:
            log.info("the session was cut: %s", error)

    async def _converse(self, stream: Any) -> None:
        await stream.send_message(messages.AgentMessage(hello=self._read_facts()))
        async with asyncio.timeout(_FIRST_WORD_SECONDS):
            # After a cut the acknowledgement tells what has to be said again.
            await self._hear(stream, "log_ack" if self.assignment.done() else "assignment")
        self.outbox.rewind()
        speaking = asyncio.create_task(self._speak(stream))
        try:
            while not self.settled.is_set():
                await self._hear(stream)
        except StreamTerminatedError:
            await self._hear_the_rest(stream)
            if not self.settled.is_set():
                raise
            return
        finally:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
        async with asyncio.timeout(_LAST_WORD_SECONDS):
            await stream.end()
            await stream.recv_trailing_metadata()

    async def _hear(self, stream: Any, until: str = "") -> None:
        """Take one message, or all up to one of the kind ``until``."""
        while (message := await stream.recv_message()) is not None:
            kind = self._take(message)
            if kind == until or not until or self.settled.is_set():
                return
        # grpclib answers this very error with the status in the trailers, if there is one.
        raise StreamTerminatedError("the orchestrator ended the stream")

    async def _hear_the_rest(self, stream: Any) -> None:
        """Take what arrived before the stream broke: grpclib forgets it, and a goodbye may be in it."""
        received = stream._stream
        received.buffer._ack_callback = lambda size: None
        received.buffer.eof()
        with contextlib.suppress(AssertionError):
            while (message := await recv_message(received, ProtoCodec(), messages.ServerMessage)) is not None:
                self._take(message)

    def _take(self, message: Any) -> str:
        kind: str = message.WhichOneof("kind")
        if kind == "assignment":
            self._take_assignment(message.assignment)
        elif kind == "log_ack":
            self.outbox.acknowledge(message.log_ack.seq)
        elif kind == "cancel" and not self.cancelled.done():
            self.cancelled.set_result(message.cancel.reason)
        elif kind == "goodbye":
            self.settled.set()
        return kind

    def _take_assignment(self, assignment: Any) -> None:
        self._credential = assignment.session or self._credential
        if assignment.heartbeat_ms:
            self._heartbeat_seconds = assignment.heartbeat_ms / 1000
        if not self.assignment.done():
            self.assignment.set_result(assignment)

    async def _speak(self, stream: Any) -> None:
        """Send what the outbox holds, and a heartbeat whenever one is due."""
        due = time.monotonic() + self._heartbeat_seconds
        while True:
            if time.monotonic() >= due:
                await stream.send_message(messages.AgentMessage(heartbeat=messages.Heartbeat()))
                due = time.monotonic() + self._heartbeat_seconds
            message = self.outbox.take()
            if message is None:
                await self.outbox.wait(max(0.0, due - time.monotonic()))
            else:
                await stream.send_message(message)
