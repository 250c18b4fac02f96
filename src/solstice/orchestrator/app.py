"""The orchestrator's gRPC face: `agent.v1.Agent` in terms of `sessions`."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from solstice.domain.errors import AuthorMistake, OperatorMistake, Transient
from solstice.domain.job import StepRecord, StepState
from solstice.orchestrator.amend import Fenced
from solstice.orchestrator.messages import assignment_message, job_state, step_state
from solstice.orchestrator.session import End, Session
from solstice.orchestrator.sessions import Refused, Sessions
from solstice.wire import agent as wire
from solstice.wire.agent import messages

log = logging.getLogger(__name__)

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
GOODBYE_SECONDS = 1.0
"""How long an agent may take to close its side."""
ACK_BYTES = 256 * 1024
ACK_SECONDS = 0.02
"""An acknowledgement waits this long for more log, unless `ACK_BYTES` came already."""


class AgentApp:
    """Serves agents on a unix socket; hypervisors splice their guests' channels to it."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._server: grpc.aio.Server | None = None

    async def start(self, socket: Path) -> None:
        """Listen."""
        self._server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", wire.MAX_MESSAGE_BYTES),
                ("grpc.max_send_message_length", wire.MAX_MESSAGE_BYTES),
                ("grpc.so_reuseport", 0),
            ]
        )
        answers = {
            "Session": self._session,
            "GetSource": self._get_source,
            "PutArtifact": self._put_artifact,
            "GetArtifact": self._get_artifact,
            "PutCache": self._put_cache,
            "GetCache": self._get_cache,
        }
        handlers = {call.name: _rpc(call, answers[call.name]) for call in wire.CALLS}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(wire.SERVICE, handlers),))
        self._server.add_insecure_port(f"unix:{socket}")
        await self._server.start()

    async def stop(self) -> None:
        """Close every session."""
        if self._server:
            await self._server.stop(grace=0.2)

    async def _session(self, requests: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
        async with _answering(context):
            session = await self._sessions.begin(_bearer(context))
            reader = asyncio.create_task(self._read(session, requests))
            try:
                async for message in self._write(session, reader):
                    yield message
            finally:
                reader.cancel()
                await asyncio.wait([reader])
                self._sessions.finish(session)

    async def _read(self, session: Session, requests: AsyncIterator[Any]) -> None:
        try:
            async for message in requests:
                await _take(session, message)
        except Fenced:
            log.info("an agent of an epoch that is over was told to go", extra={"job": session.job.id})
            await session.refresh()
        except OperatorMistake as error:
            await self._sessions.give_up(session.job, error)
        finally:
            session.changed.set()

    async def _write(self, session: Session, reader: "asyncio.Task[None]") -> AsyncIterator[Any]:
        acked, told = (-1, -1), False
        if session.work:
            yield messages.ServerMessage(assignment=assignment_message(session.work))
            acked = (session.log_end, session.seq)
        while self._sessions.is_current(session):
            session.changed.clear()
            await session.refresh()
            if (session.log_end, session.seq) != acked:
                acked = (session.log_end, session.seq)
                yield messages.ServerMessage(log_ack=messages.LogAck(offset=acked[0], seq=acked[1]))
            if session.is_over:
                yield messages.ServerMessage(goodbye=messages.Goodbye())
                # Ending first would reset the stream, and the agent's library forgets what it has not read.
                await asyncio.wait([reader], timeout=GOODBYE_SECONDS)
                return
            if reader.done():
                # The agent has more to say, or we could not take what it said: it comes back.
                reader.result()
                return
            if session.job.cancel and not told:
                told = True
                yield messages.ServerMessage(cancel=messages.Cancel(reason=str(session.job.cancel)))
            await session.changed.wait()
            if session.log_end - acked[0] < ACK_BYTES and not session.is_over:
                await asyncio.sleep(ACK_SECONDS)

    async def _get_source(self, request: Any, context: Context) -> AsyncIterator[Any]:
        async with _answering(context):
            job = await self._sessions.authorised(_bearer(context))
            checkout = job.plan.checkout
            pipeline = await self._sessions.jobs.pipeline(job.id)
            bundle = await self._sessions.sources.bundle(pipeline, checkout) if checkout else None
            if bundle is None:
                await context.abort(grpc.StatusCode.NOT_FOUND, "this job's source is not a bundle")
            with await asyncio.to_thread(bundle.path.open, "rb") as file:
                while data := await asyncio.to_thread(file.read, wire.MAX_CHUNK_BYTES):
                    yield messages.Chunk(data=data)

    async def _put_artifact(self, requests: AsyncIterator[Any], context: Context) -> Any:
        async with _answering(context):
            job = await self._sessions.authorised(_bearer(context))
            first = await anext(requests, None)
            name = first.header.name if first is not None and first.WhichOneof("kind") == "header" else ""
            if name not in await self._sessions.artifacts_of(job):
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "not an artifact of this job")
            data = self._artifact_data(requests, _bearer(context))
            try:
                receipt = await self._sessions.artifacts.put(job, name, data)
            except OperatorMistake as error:
                await self._sessions.give_up(job, error)
                raise
            return messages.ArtifactReceipt(size=receipt.size, sha256=receipt.sha256, files=receipt.files)

    async def _artifact_data(self, requests: AsyncIterator[Any], credential: str) -> AsyncIterator[bytes]:
        room = self._sessions.bounds.artifact_limit
        async for message in requests:
            room -= len(message.data)
            if room < 0:
                raise AuthorMistake(f"an artifact has more than {self._sessions.bounds.artifact_limit} bytes")
            yield message.data
        # It is kept only if the job is still this agent's.
        await self._sessions.authorised(credential)

    async def _get_artifact(self, request: Any, context: Context) -> AsyncIterator[Any]:
        async with _answering(context):
            job = await self._sessions.authorised(_bearer(context))
            stream = await self._sessions.artifact_of(job, request.job, request.name)
            try:
                async for data in stream:
                    yield messages.Chunk(data=data)
            except KeyError:
                await context.abort(grpc.StatusCode.NOT_FOUND, "no such artifact")

    async def _put_cache(self, requests: AsyncIterator[Any], context: Context) -> Any:
        async with _answering(context):
            await self._sessions.authorised(_bearer(context))
            return messages.CacheReceipt(stored=False)

    async def _get_cache(self, request: Any, context: Context) -> AsyncIterator[Any]:
        async with _answering(context):
            await self._sessions.authorised(_bearer(context))
            await context.abort(grpc.StatusCode.NOT_FOUND, "no cache is kept here")
            yield


@contextlib.asynccontextmanager
async def _answering(context: Context) -> AsyncIterator[None]:
    """Errors as status codes; what went wrong inside stays in our own log."""
    try:
        yield
    except grpc.aio.AbortError:
        raise
    except Refused as refused:
        await context.abort(grpc.StatusCode.PERMISSION_DENIED, str(refused))
    except AuthorMistake as mistake:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(mistake))
    except DecodeError:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "not a message of this call")
    except Transient as error:
        log.warning("an agent has to ask again: %s", error)
        await context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
    except OperatorMistake as error:
        log.error("an agent's call could not be answered: %s", error)
        await context.abort(grpc.StatusCode.INTERNAL, "the host could not do it")
    except Exception:
        log.exception("an agent's call could not be answered")
        await context.abort(grpc.StatusCode.INTERNAL, "the host could not do it")


async def _take(session: Session, message: Any) -> None:
    await session.heartbeat()
    if not session.is_new(message.seq):
        return
    kind: str = message.WhichOneof("kind") or ""
    body: Any = getattr(message, kind, None)
    if kind == "log_chunk":
        await session.append(message.seq, body.step, body.offset, body.data)
    elif kind == "step_started":
        record = StepRecord("", StepState.RUNNING, log_start=body.log_offset)
        await session.step(message.seq, body.step, record)
    elif kind == "step_finished":
        await session.step(message.seq, body.step, _record(body))
    elif kind == "output":
        await session.output(message.seq, body.name, body.value)
    elif kind == "phase_finished":
        await session.phase(message.seq, body.phase, timedelta(milliseconds=body.duration_ms))
    elif kind == "job_end":
        await session.end(message.seq, End(job_state(body.result), body.reason))


def _record(body: Any) -> StepRecord:
    return StepRecord(
        "",
        step_state(body.result),
        exit_code=body.exit_code,
        signal=body.signal,
        duration=timedelta(milliseconds=body.duration_ms),
        peak_memory=body.peak_memory_bytes,
        log_end=body.log_end,
    )


def _bearer(context: Context) -> str:
    for key, value in context.invocation_metadata() or ():
        if key == "authorization" and isinstance(value, str) and value.startswith("Bearer "):
            return value.removeprefix("Bearer ")
    return ""


def _rpc(call: wire.Call, answer: Any) -> "grpc.RpcMethodHandler[Any, Any]":
    kinds = {
        (True, True): grpc.stream_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (False, False): grpc.unary_unary_rpc_method_handler,
    }
    make = kinds[call.request_streams, call.response_streams]
    return make(answer, call.request.FromString, call.response.SerializeToString)
