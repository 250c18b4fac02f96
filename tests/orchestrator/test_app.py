"""The agent's protocol as it is on the wire, for agents that keep to it and for those that do not."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from solstice.domain.errors import MachineFault, Transient
from solstice.domain.job import JobState
from solstice.domain.plan import Checkout
from solstice.domain.reason import Cause, Reason
from solstice.orchestrator.amend import amend
from solstice.wire import agent as wire
from solstice.wire.agent import messages
from tests import builders
from tests.builders import NOON, artifact, job_plan
from tests.fakes.guests import tar_of
from tests.fakes.meddling import Meddler, Trouble
from tests.fakes.rooms import Rooms
from tests.fakes.stores import FakeBundle
from tests.orchestrator.agent_client import Desk, artifact_chunks, put, refusal_of, serving

CODE = grpc.StatusCode
SUCCEEDED = messages.JOB_RESULT_SUCCEEDED


@pytest.fixture
def folder() -> Any:
    with tempfile.TemporaryDirectory(prefix="sol") as name:
        yield Path(name)


@pytest.fixture
async def desk(folder: Path) -> AsyncIterator[Desk]:
    rooms = Rooms()
    plans = (
        job_plan("a", artifacts=(artifact("wheels"),), checkout=Checkout()),
        job_plan("b"),
        job_plan("c", needs=["a"]),
    )
    rooms.sources.packed = FakeBundle(folder / "bundle", size=200_000)
    await rooms.add(*plans)
    await rooms.launch_ready()
    async with serving(rooms, folder) as made:
        yield made


def log_chunk(offset: int, data: bytes, step: int = 0) -> Any:
    return messages.LogChunk(step=step, offset=offset, data=data)


async def end_of(call: Any) -> Any:
    """How a call that must fail failed: its status code."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await (_read_out(call) if hasattr(call, "read") else call)
    assert "Traceback" not in (caught.value.details() or "")
    return caught.value.code()


async def _read_out(call: Any) -> None:
    while await call.read() is not grpc.aio.EOF:
        pass
    raise AssertionError(f"it ended with {await call.code()}")


@pytest.mark.parametrize("call", wire.CALLS, ids=lambda call: call.name)
@pytest.mark.parametrize("credential", [None, "", "wrong"], ids=["none", "empty", "wrong"])
async def test_no_call_is_answered_without_a_credential(
    desk: Desk, call: wire.Call, credential: str | None
) -> None:
    given = () if call.request_streams else (call.request(),)
    assert await end_of(desk.client(credential).open(call, *given)) is CODE.PERMISSION_DENIED


@pytest.mark.parametrize("call", wire.CALLS[1:], ids=lambda call: call.name)
async def test_the_machines_token_opens_no_call_but_the_session(desk: Desk, call: wire.Call) -> None:
    given = () if call.request_streams else (call.request(),)
    token = desk.rooms.hypervisor.orders[0].token
    assert await end_of(desk.client(token).open(call, *given)) is CODE.PERMISSION_DENIED


@pytest.mark.parametrize("call", wire.CALLS, ids=lambda call: call.name)
async def test_after_its_job_is_over_an_agent_may_call_nothing(desk: Desk, call: wire.Call) -> None:
    client, session, _ = await desk.begin()
    await session.say(1, job_end=messages.JobEnd(result=SUCCEEDED))
    await session.hear("goodbye")
    given = () if call.request_streams else (call.request(),)
    assert await end_of(client.open(call, *given)) is CODE.PERMISSION_DENIED


async def test_a_job_is_told_from_hello_to_goodbye(desk: Desk) -> None:
    _, session, assignment = await desk.begin()
    assert assignment.job == "a"
    assert [step.run for step in assignment.steps] == ["true"]
    assert assignment.timeout_ms == 3_600_000
    await session.say(1, step_started=messages.StepStarted(step=0))
    await session.say(2, log_chunk=log_chunk(0, b"hello"))
    ack = await session.acknowledged(5)
    assert ack.seq == 2
    await session.say(
        3, step_finished=messages.StepFinished(step=0, result=messages.STEP_RESULT_SUCCEEDED, log_end=5)
    )
    await session.say(4, output=messages.Output(name="v", value="1"))
    await session.say(5, phase_finished=messages.PhaseFinished(phase="artifacts", duration_ms=20))
    await session.say(6, job_end=messages.JobEnd(result=SUCCEEDED))
    assert (await session.hear_out())[-1] == "goodbye"
    assert await session.stream.code() is CODE.OK, "the goodbye is in band: no status takes its place"

    done = await desk.rooms.job("a")
    assert done.state is JobState.SUCCEEDED
    assert done.outputs == (("v", "1"),)
    assert done.attempt
    assert done.attempt.phases[-1] == ("artifacts", timedelta(milliseconds=20))
    assert done.attempt.first_byte_at
    assert await desk.rooms.logs.read(done.id, 1, 0, 100) == b"hello"


async def test_an_agent_that_was_cut_off_goes_on_where_it_was_acknowledged(desk: Desk) -> None:
    client, session, _ = await desk.begin()
    await session.say(1, log_chunk=log_chunk(0, b"hello "))
    await session.acknowledged(6)
    session.stream.cancel()
    again = client.converse()
    await again.say(hello=messages.Hello())
    ack = await again.hear("log_ack")
    assert (ack.offset, ack.seq) == (6, 1)
    await again.say(1, log_chunk=log_chunk(0, b"hello "))
    await again.say(2, log_chunk=log_chunk(6, b"world"))
    await again.acknowledged(11)
    await again.say(3, job_end=messages.JobEnd(result=SUCCEEDED))
    assert (await again.hear_out())[-1] == "goodbye"
    done = await desk.rooms.job("a")
    assert await desk.rooms.logs.read(done.id, 1, 0, 100) == b"hello world"


async def test_a_second_connection_of_an_agent_ends_the_first(desk: Desk) -> None:
    client, session, _ = await desk.begin()
    again = client.converse()
    await again.say(hello=messages.Hello())
    await again.hear("log_ack")
    assert "goodbye" not in await session.hear_out()
    await again.say(1, job_end=messages.JobEnd(result=SUCCEEDED))
    assert (await again.hear_out())[-1] == "goodbye"


async def test_an_agent_that_only_stops_talking_is_not_told_that_its_job_is_settled(desk: Desk) -> None:
    _, session, _ = await desk.begin()
    await session.stream.done_writing()
    assert "goodbye" not in await session.hear_out()
    assert (await desk.rooms.job("a")).state is JobState.RUNNING


async def test_a_cancel_is_told_while_the_agent_is_silent(desk: Desk) -> None:
    _, session, _ = await desk.begin()
    await desk.rooms.cancel("a")
    assert (await session.hear("cancel")).reason == "a person said so"
    await session.say(1, job_end=messages.JobEnd(result=messages.JOB_RESULT_CANCELLED))
    assert (await session.hear_out())[-1] == "goodbye"
    assert (await desk.rooms.job("a")).state is JobState.CANCELLED


async def test_an_agent_whose_job_was_lost_is_told_to_go(desk: Desk) -> None:
    client, session, _ = await desk.begin()
    job = await desk.rooms.job("a")
    await amend(desk.rooms.jobs, job.id, lambda job: job.lose(Reason(Cause.AGENT_SILENT), 5, NOON))
    assert (await session.hear_out())[-1] == "goodbye"
    assert await end_of(client.open(wire.SESSION)) is CODE.PERMISSION_DENIED


@pytest.mark.parametrize("offset", [1, 2**63, 2**64 - 1])
async def test_an_offset_out_of_place_changes_nothing(desk: Desk, offset: int) -> None:
    _, session, _ = await desk.begin()
    await session.say(1, log_chunk=log_chunk(offset, b"garbage"))
    ack = await session.hear("log_ack")
    assert ack.offset == 0
    await session.say(2, log_chunk=log_chunk(0, b"fine"))
    await session.acknowledged(4)


async def test_numbers_out_of_range_harm_only_their_sender(desk: Desk) -> None:
    _, liar, _ = await desk.begin()
    most = 2**64 - 1
    await liar.say(1, step_started=messages.StepStarted(step=2**32 - 1, log_offset=most))
    finished = messages.StepFinished(
        step=0, exit_code=-(2**31), signal=2**32 - 1, duration_ms=most, peak_memory_bytes=most
    )
    await liar.say(2, step_finished=finished)
    _, honest, _ = await desk.begin(1)
    await honest.say(1, job_end=messages.JobEnd(result=SUCCEEDED))
    assert (await honest.hear_out())[-1] == "goodbye"
    assert (await desk.rooms.job("b")).state is JobState.SUCCEEDED


async def test_a_message_over_the_limit_ends_its_session_and_the_agent_may_come_back(desk: Desk) -> None:
    client, session, _ = await desk.begin()
    await session.say(1, log_chunk=log_chunk(0, bytes(wire.MAX_MESSAGE_BYTES)))
    assert await end_of(session.stream) in (CODE.RESOURCE_EXHAUSTED, CODE.CANCELLED)
    again = client.converse()
    await again.say(hello=messages.Hello())
    await again.hear("log_ack")


@pytest.mark.parametrize(
    "garbage",
    [b"\xff" * 50, b"\x2a\x05\x0a\xff", b"\x32\x04\x0a\x02\xff\xfe"],
    ids=["noise", "cut", "no utf-8"],
)
async def test_bytes_that_are_no_message_end_the_session(desk: Desk, garbage: bytes) -> None:
    client, session, _ = await desk.begin()
    raw = client.converse(raw=True)
    await raw.stream.write(garbage)
    assert await end_of(raw.stream) in (CODE.INVALID_ARGUMENT, CODE.INTERNAL)
    assert (await desk.rooms.job("a")).state is JobState.RUNNING
    assert "goodbye" not in await session.hear_out()


async def test_a_flood_of_log_reaches_the_store_whole_and_another_agent_is_served_meanwhile(
    desk: Desk,
) -> None:
    _, flood, _ = await desk.begin()
    chunk, count = b"y\n" * 16_384, 200

    async def pour() -> None:
        for number in range(count):
            await flood.say(number + 1, log_chunk=log_chunk(number * len(chunk), chunk))

    async with asyncio.TaskGroup() as group:
        group.create_task(pour())
        group.create_task(flood.acknowledged(count * len(chunk)))
        _, other, _ = await desk.begin(1)
        await other.say(1, job_end=messages.JobEnd(result=SUCCEEDED))
        assert (await other.hear_out())[-1] == "goodbye"
    job = await desk.rooms.job("a")
    assert desk.rooms.logs.kept[job.id, 1] == chunk * count


async def test_empty_messages_and_unknown_results_are_taken_for_what_they_are(desk: Desk) -> None:
    _, session, _ = await desk.begin()
    for _ in range(100):
        await session.say()
    unknown: Any = 99
    await session.say(1, step_finished=messages.StepFinished(step=0, result=unknown))
    await session.say(2, job_end=messages.JobEnd(result=unknown))
    assert (await session.hear_out())[-1] == "goodbye"
    assert (await desk.rooms.job("a")).state is JobState.FAILED


async def test_the_source_arrives_byte_for_byte(desk: Desk, folder: Path) -> None:
    data = bytes(range(256)) * 1000
    (folder / "bundle").write_bytes(data)
    client, _, _ = await desk.begin()
    got = [chunk.data async for chunk in client.open(wire.GET_SOURCE, messages.SourceRequest())]
    assert b"".join(got) == data
    assert max(map(len, got)) <= wire.MAX_CHUNK_BYTES


async def test_a_bundle_that_is_gone_is_our_fault_and_no_path_is_told(desk: Desk, folder: Path) -> None:
    client, _, _ = await desk.begin()
    call = client.open(wire.GET_SOURCE, messages.SourceRequest())
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call.read()
    assert caught.value.code() is CODE.INTERNAL
    assert str(folder) not in (caught.value.details() or "")


async def test_a_job_without_a_checkout_has_no_source(desk: Desk) -> None:
    client, _, _ = await desk.begin(1)
    assert await end_of(client.open(wire.GET_SOURCE, messages.SourceRequest())) is CODE.NOT_FOUND


async def test_an_artifact_travels_from_job_to_job(desk: Desk) -> None:
    client, session, _ = await desk.begin()
    data = tar_of({"dist/a.whl": bytes(150_000)})
    receipt = await put(client, *artifact_chunks("wheels", data))
    assert (receipt.size, receipt.files) == (len(data), 1)
    await session.say(1, job_end=messages.JobEnd(result=SUCCEEDED))
    await session.hear("goodbye")
    await desk.rooms.launch_ready()
    other, _, _ = await desk.begin(2)
    call = other.open(wire.GET_ARTIFACT, messages.ArtifactRequest(name="wheels", job="a"))
    assert b"".join([chunk.data async for chunk in call]) == data
    for request, code in (
        (messages.ArtifactRequest(name="other", job="a"), CODE.NOT_FOUND),
        (messages.ArtifactRequest(name="wheels", job="b"), CODE.PERMISSION_DENIED),
        (messages.ArtifactRequest(), CODE.PERMISSION_DENIED),
    ):
        assert await end_of(other.open(wire.GET_ARTIFACT, request)) is code


@pytest.mark.parametrize(
    "chunks",
    [
        artifact_chunks("secrets", tar_of({})),
        artifact_chunks("../wheels", tar_of({})),
        artifact_chunks("", tar_of({})),
        artifact_chunks("wheels", b"no tar at all" * 100),
        artifact_chunks("wheels", tar_of({"../../x": b""})),
        artifact_chunks("wheels", tar_of({"x": bytes(9000)})[:3000]),
        [messages.ArtifactChunk(data=b"x")],
        [],
    ],
    ids=["undeclared", "path", "unnamed", "garbage", "escaping", "cut", "no header", "nothing"],
)
async def test_an_artifact_that_is_not_this_jobs_or_is_broken_is_refused(
    desk: Desk, chunks: list[Any]
) -> None:
    client, _, _ = await desk.begin()
    assert await refusal_of(client, chunks) is CODE.INVALID_ARGUMENT
    assert desk.rooms.artifacts.kept == {}


async def test_an_artifact_is_not_kept_if_its_job_went_on_meanwhile(desk: Desk) -> None:
    client, _, _ = await desk.begin()
    call = client.open(wire.PUT_ARTIFACT)
    header, *rest = artifact_chunks("wheels", tar_of({"x": b"stale"}))
    await call.write(header)
    job = await desk.rooms.job("a")
    await amend(desk.rooms.jobs, job.id, lambda job: job.lose(Reason(Cause.AGENT_SILENT), 5, NOON))
    for chunk in rest:
        await call.write(chunk)
    await call.done_writing()
    assert await end_of(call) is CODE.PERMISSION_DENIED
    assert desk.rooms.artifacts.kept == {}


async def test_an_artifact_over_the_limit_is_refused(folder: Path) -> None:
    rooms = Rooms(bounds=builders.bounds(artifact_limit=20_000))
    await rooms.add(job_plan("a", artifacts=(artifact("wheels"),)))
    await rooms.launch_ready()
    async with serving(rooms, folder) as desk:
        client, _, _ = await desk.begin()
        data = tar_of({"x": bytes(100_000)})
        assert await refusal_of(client, artifact_chunks("wheels", data)) is CODE.INVALID_ARGUMENT
        assert rooms.artifacts.kept == {}


async def test_a_log_that_cannot_be_kept_now_is_not_acknowledged(folder: Path) -> None:
    rooms = Rooms(meddler=Meddler(3, Trouble.RAISES_BEFORE, Transient("the disk is busy")))
    await rooms.add(job_plan("a"))
    await rooms.launch_ready()
    async with serving(rooms, folder) as desk:
        client, session, _ = await desk.begin()
        await session.say(1, log_chunk=log_chunk(0, b"hello"))
        assert await end_of(session.stream) is CODE.UNAVAILABLE
        again = client.converse()
        await again.say(hello=messages.Hello())
        assert (await again.hear("log_ack")).offset == 0
        await again.say(1, log_chunk=log_chunk(0, b"hello"))
        await again.acknowledged(5)


async def test_a_log_that_this_host_cannot_keep_ends_the_job_with_the_remedy(folder: Path) -> None:
    fault = MachineFault("no space left on the disk", "Free some space.")
    rooms = Rooms(meddler=Meddler(3, Trouble.RAISES_BEFORE, fault))
    await rooms.add(job_plan("a"))
    await rooms.launch_ready()
    async with serving(rooms, folder) as desk:
        _, session, _ = await desk.begin()
        await session.say(1, log_chunk=log_chunk(0, b"hello"))
        await session.hear("goodbye")
    job = await rooms.job("a")
    assert job.state is JobState.FAILED
    assert job.reason == Reason(Cause.INTERNAL, "no space left on the disk; Free some space.")


async def test_no_cache_is_kept_and_the_agent_goes_on_without(desk: Desk) -> None:
    client, _, _ = await desk.begin()
    call = client.open(wire.PUT_CACHE)
    await call.write(messages.CacheChunk(header=messages.CacheHeader(key="k")))
    await call.done_writing()
    assert not (await call).stored
    assert await end_of(client.open(wire.GET_CACHE, messages.CacheRequest(key="k"))) is CODE.NOT_FOUND
