"""What a credential opens, what an agent may say, and what becomes of it."""

import asyncio
import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from solstice.domain.errors import MachineFault, Transient
from solstice.domain.event import LogAppended
from solstice.domain.job import JobState, StepRecord, StepState
from solstice.domain.machine import MachineOrder
from solstice.domain.plan import Checkout, JobPlan, Template
from solstice.domain.reason import Cause, Reason
from solstice.orchestrator.amend import Fenced, amend
from solstice.orchestrator.session import End, Session
from solstice.orchestrator.sessions import Refused
from tests import builders
from tests.builders import NOON, artifact, job_plan, step
from tests.fakes.guests import stream, tar_of
from tests.fakes.rooms import Rooms
from tests.fakes.stores import FakeBundle

SUCCEEDED = JobState.SUCCEEDED
DONE = End(SUCCEEDED, "")


async def started(rooms: Rooms, *plans: JobPlan) -> MachineOrder:
    """The order for the first job's machine."""
    await rooms.add(*(plans or (job_plan("a"),)))
    await rooms.launch_ready()
    return rooms.hypervisor.orders[0]


async def opened(rooms: Rooms, *plans: JobPlan) -> Session:
    """A session for the first job."""
    return await rooms.sessions.begin((await started(rooms, *plans)).token)


def credential(session: Session) -> str:
    """What the assignment carried."""
    assert session.work
    return session.work.session


async def test_a_token_brings_the_assignment_and_sets_the_job_running(rooms: Rooms) -> None:
    rooms.secrets.values = {"KEY": "hush", "OTHER": "hush too"}
    session = await opened(rooms, job_plan("a", secrets=("KEY",), steps=(step("make"), step("make check"))))
    work, job = session.work, await rooms.job("a")
    assert work
    assert [one.run for one in work.assignment.steps] == ["make", "make check"]
    assert work.secrets == {"KEY": "hush"}
    assert job.state is JobState.RUNNING
    assert job.attempt
    assert [one.name for one in job.attempt.steps] == ["make", "make check"]
    assert job.lease
    assert job.lease.expires_at == NOON + rooms.bounds.lease
    assert job.lease.session == hashlib.sha256(work.session.encode()).hexdigest()
    assert "hush" not in repr(rooms.events)


async def test_a_token_is_exchanged_once(rooms: Rooms) -> None:
    order = await started(rooms)
    await rooms.sessions.begin(order.token)
    with pytest.raises(Refused):
        await rooms.sessions.begin(order.token)


async def test_of_two_who_come_with_the_token_at_once_one_is_refused(rooms: Rooms) -> None:
    order = await started(rooms)
    outcomes = await asyncio.gather(
        *(rooms.sessions.begin(order.token) for _ in range(5)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Refused"] * 4 + ["Session"]


@pytest.mark.parametrize("given", ["", "x", "0" * 64, "\N{SNOWMAN}"])
async def test_an_unknown_credential_opens_nothing(rooms: Rooms, given: str) -> None:
    await opened(rooms)
    with pytest.raises(Refused):
        await rooms.sessions.begin(given)
    with pytest.raises(Refused):
        await rooms.sessions.authorised(given)


async def test_the_digest_in_the_store_is_no_credential(rooms: Rooms) -> None:
    session = await opened(rooms)
    assert session.job.lease
    with pytest.raises(Refused):
        await rooms.sessions.begin(session.job.lease.session)


async def test_the_token_opens_a_session_and_nothing_else(rooms: Rooms) -> None:
    order = await started(rooms)
    with pytest.raises(Refused):
        await rooms.sessions.authorised(order.token)


async def test_a_session_goes_on_under_its_own_credential(rooms: Rooms) -> None:
    first = await opened(rooms)
    await first.append(1, 0, 0, b"hello ")
    await first.step(2, 0, StepRecord("", StepState.RUNNING))
    again = await rooms.sessions.begin(credential(first))
    assert again.work is None
    assert (again.log_end, again.seq) == (6, 2)
    assert rooms.sessions.is_current(again)
    assert not rooms.sessions.is_current(first)
    assert first.changed.is_set()


async def test_repeats_after_a_reconnect_change_nothing(rooms: Rooms) -> None:
    first = await opened(rooms)
    await first.append(1, 0, 0, b"hello ")
    await first.step(2, 0, StepRecord("", StepState.SUCCEEDED))
    again = await rooms.sessions.begin(credential(first))
    assert not again.is_new(2)
    assert again.is_new(3)
    assert again.is_new(0), "heartbeats have no number"
    await again.append(1, 0, 0, b"hello ")
    await again.append(3, 0, 3, b"lo world")
    told = b"".join(event.data for event in rooms.events if isinstance(event, LogAppended))
    assert told == b"hello world"
    assert await rooms.logs.read(again.job.id, 1, 0, 100) == b"hello world"


async def test_a_gap_in_the_log_is_not_kept_and_not_acknowledged(rooms: Rooms) -> None:
    session = await opened(rooms)
    await session.append(1, 0, 5, b"world")
    assert session.log_end == 0
    assert await rooms.logs.read(session.job.id, 1, 0, 100) == b""


async def test_what_an_agent_prints_beyond_the_limit_and_its_marker_is_dropped() -> None:
    rooms = Rooms(bounds=builders.bounds(log_limit=1000))
    session = await opened(rooms)
    chunk, limit = b"x" * 60_000, 1000 + 64 * 1024
    for number in range(5):
        await session.append(number + 1, 0, number * len(chunk), chunk)
    assert session.seq == 5
    assert session.log_end == limit
    assert len(await rooms.logs.read(session.job.id, 1, 0, 1_000_000)) == limit


async def test_the_last_steps_facts_are_the_workflows_not_the_agents(rooms: Rooms) -> None:
    session = await opened(rooms, job_plan("a", steps=(step("flaky", allow_failure=True),)))
    await session.step(1, 0, StepRecord("liar", StepState.RUNNING, log_start=7))
    await session.step(2, 0, StepRecord("liar", StepState.FAILED, exit_code=2, log_start=99, log_end=20))
    assert session.job.attempt
    (kept,) = session.job.attempt.steps
    assert (kept.name, kept.allow_failure, kept.log_start, kept.log_end) == ("flaky", True, 7, 20)


@pytest.mark.parametrize("index", [1, 2**32 - 1, -1])
async def test_a_step_that_does_not_exist_is_dropped(rooms: Rooms, index: int) -> None:
    session = await opened(rooms)
    await session.step(1, index, StepRecord("", StepState.FAILED))
    assert session.job.attempt
    assert [one.state for one in session.job.attempt.steps] == [StepState.WAITING]
    assert session.seq == 1


async def test_a_later_output_of_a_name_wins_and_two_connections_lose_none(rooms: Rooms) -> None:
    first = await opened(rooms)
    again = await rooms.sessions.begin(credential(first))
    await first.output(1, "a", "1")
    await again.output(2, "b", "2")
    await first.output(3, "a", "3")
    assert dict((await rooms.job("a")).outputs) == {"a": "3", "b": "2"}


async def test_an_agent_cannot_fill_the_store_with_outputs_and_phases(rooms: Rooms) -> None:
    session = await opened(rooms)
    for number in range(30):
        await session.output(number + 1, f"name-{number}", "x" * 100_000)
        for _ in range(20):
            await session.phase(number + 1, "checkout", timedelta(seconds=1))
    job = await rooms.job("a")
    assert sum(len(value) for _, value in job.outputs) <= 1024 * 1024
    assert job.attempt
    assert len(job.attempt.phases) <= 100


async def test_outputs_reach_the_jobs_that_need_them(rooms: Rooms) -> None:
    plans = (
        job_plan("a"),
        job_plan(
            "b", needs=["a"], env=(("V", Template("${{ needs.a.outputs.version }}")),), condition="success()"
        ),
    )
    session = await opened(rooms, *plans)
    await session.output(1, "version", "1.2")
    await session.end(2, DONE)
    await rooms.launch_ready()
    other = await rooms.sessions.begin(rooms.hypervisor.orders[1].token)
    assert other.work
    assert (
        dict(other.work.assignment.steps[0].env).get("V", dict(other.work.assignment.env).get("V")) == "1.2"
    )


async def test_the_end_settles_the_job_exactly_once(rooms: Rooms) -> None:
    session = await opened(rooms)
    await session.end(1, DONE)
    done = await rooms.job("a")
    assert (done.state, done.lease, done.reason) == (SUCCEEDED, None, None)
    with pytest.raises(Fenced):
        await session.end(2, End(JobState.FAILED, "no, it failed"))
    assert await rooms.job("a") == done


async def test_after_the_end_the_credential_opens_nothing(rooms: Rooms) -> None:
    session = await opened(rooms)
    await session.end(1, DONE)
    for attempt in (rooms.sessions.begin, rooms.sessions.authorised):
        with pytest.raises(Refused):
            await attempt(credential(session))


@pytest.mark.parametrize(
    "deed",
    [
        lambda s: s.append(9, 0, 0, b"late"),
        lambda s: s.step(9, 0, StepRecord("", StepState.FAILED)),
        lambda s: s.phase(9, "checkout", timedelta()),
        lambda s: s.output(9, "a", "late"),
        lambda s: s.end(9, DONE),
    ],
    ids=["log", "step", "phase", "output", "end"],
)
async def test_an_agent_of_an_older_epoch_is_fenced_off(rooms: Rooms, deed: object) -> None:
    stale = await opened(rooms)
    lost = Reason(Cause.AGENT_SILENT, "silent")
    await amend(rooms.jobs, stale.job.id, lambda job: job.lose(lost, 2, NOON))
    await rooms.launch_ready()
    fresh = await rooms.sessions.begin(rooms.hypervisor.orders[1].token)
    before = await rooms.job("a")
    with pytest.raises(Fenced):
        await deed(stale)  # type: ignore[operator]
    assert await rooms.job("a") == before
    assert rooms.logs.kept == {}
    with pytest.raises(Refused):
        await rooms.sessions.begin(credential(stale))
    assert (await rooms.sessions.authorised(credential(fresh))).epoch == 2


async def test_a_heartbeat_keeps_the_machine_for_another_lease(rooms: Rooms) -> None:
    session = await opened(rooms)
    rooms.still.advance(seconds=50)
    await session.heartbeat()
    lease = (await rooms.job("a")).lease
    assert lease
    assert lease.expires_at == NOON + timedelta(seconds=50) + rooms.bounds.lease


async def test_a_flood_of_heartbeats_writes_the_store_once(rooms: Rooms) -> None:
    session = await opened(rooms)
    rooms.still.advance(seconds=30)
    written = len(rooms.events)
    for _ in range(1000):
        await session.heartbeat()
    assert len(rooms.events) == written + 1


async def test_a_heartbeat_that_comes_too_late_does_not_bring_a_lease_back(rooms: Rooms) -> None:
    session = await opened(rooms)
    rooms.still.advance(seconds=61)
    await session.heartbeat()
    lease = (await rooms.job("a")).lease
    assert lease
    assert lease.is_over(rooms.still.now())


@pytest.mark.parametrize(
    ("end", "state", "reason"),
    [
        (End(JobState.FAILED, ""), JobState.FAILED, Reason(Cause.STEP_FAILED, "the job failed")),
        (
            End(JobState.TIMED_OUT, ""),
            JobState.TIMED_OUT,
            Reason(Cause.TIMEOUT, "timeout 1:00:00"),
        ),
        (
            End(JobState.FAILED, "checkout: no such commit"),
            JobState.FAILED,
            Reason(Cause.CHECKOUT_FAILED, "checkout: no such commit"),
        ),
        (
            End(JobState.FAILED, 'artifact "x" has no files'),
            JobState.FAILED,
            Reason(Cause.ARTIFACT_MISSING, 'artifact "x" has no files'),
        ),
        (End(JobState.CANCELLED, "told to"), JobState.CANCELLED, Reason(Cause.CANCELLED, "told to")),
    ],
)
async def test_what_the_agent_says_of_its_end_becomes_the_reason(
    rooms: Rooms, end: End, state: JobState, reason: Reason
) -> None:
    session = await opened(rooms)
    await session.end(1, end)
    ended = await rooms.job("a")
    assert (ended.state, ended.reason) == (state, reason)


async def test_the_step_that_failed_is_named_and_one_that_may_fail_is_not(rooms: Rooms) -> None:
    session = await opened(rooms, job_plan("a", steps=(step("lint", allow_failure=True), step("unit"))))
    await session.step(1, 0, StepRecord("", StepState.FAILED, exit_code=1))
    await session.step(2, 1, StepRecord("", StepState.FAILED, signal=9))
    await session.end(3, End(JobState.FAILED, ""))
    assert str((await rooms.job("a")).reason) == 'step "unit" was killed by signal 9'


async def test_a_job_that_cannot_be_assigned_fails_and_says_where(rooms: Rooms) -> None:
    plan = job_plan(
        "a", steps=(step("echo ${{ fromJSON(branch) }}", env=(("X", Template("${{ fromJSON(branch) }}")),)),)
    )
    order = await started(rooms, plan)
    with pytest.raises(Refused):
        await rooms.sessions.begin(order.token)
    failed = await rooms.job("a")
    assert failed.state is JobState.FAILED
    assert failed.reason
    assert failed.reason.cause is Cause.ASSIGNMENT_FAILED


async def test_a_source_that_the_host_cannot_pack_fails_the_job_as_ours_with_the_remedy(rooms: Rooms) -> None:
    rooms.sources.error = MachineFault("no space left", "Free some.")
    order = await started(rooms, job_plan("a", checkout=Checkout()))
    with pytest.raises(Refused):
        await rooms.sessions.begin(order.token)
    failed = await rooms.job("a")
    assert (failed.state, str(failed.reason)) == (JobState.FAILED, "no space left; Free some.")
    assert failed.reason
    assert failed.reason.cause is Cause.INTERNAL


async def test_a_token_is_not_used_up_by_trouble_that_passes(rooms: Rooms) -> None:
    rooms.sources.error = Transient("the forge is away")
    order = await started(rooms, job_plan("a", checkout=Checkout()))
    with pytest.raises(Transient):
        await rooms.sessions.begin(order.token)
    rooms.sources.error = None
    assert (await rooms.sessions.begin(order.token)).work


async def test_a_job_cancelled_while_it_is_assigned_stays_cancelled(rooms: Rooms) -> None:
    order = await started(rooms, job_plan("a", steps=(step("${{ fromJSON(branch) }}"),)))
    job = await rooms.job("a")
    original = rooms.jobs.pipeline

    async def cancel_first(name: object) -> object:
        current = await rooms.jobs.get(job.id)
        if current.lease:
            reason = Reason(Cause.CANCELLED, "a person")
            await rooms.jobs.swap(current, current.end(JobState.CANCELLED, reason, NOON))
        return await original(job.id)

    rooms.jobs.pipeline = cancel_first  # type: ignore[method-assign, assignment]
    with pytest.raises(Refused):
        await rooms.sessions.begin(order.token)
    assert (await rooms.job("a")).state is JobState.CANCELLED


async def test_the_bundle_of_a_checkout_travels_with_the_assignment(rooms: Rooms, tmp_path: Path) -> None:
    rooms.sources.packed = FakeBundle(tmp_path / "x", size=5)
    session = await opened(rooms, job_plan("a", checkout=Checkout()))
    assert session.work
    assert session.work.bundle == rooms.sources.packed


async def test_a_job_may_keep_only_the_artifacts_it_declared(rooms: Rooms) -> None:
    session = await opened(rooms, job_plan("a", artifacts=(artifact("wheels-${{ branch }}"),)))
    assert await rooms.sessions.artifacts_of(session.job) == ("wheels-main",)


async def test_a_job_reads_artifacts_of_the_jobs_it_needs_and_of_no_other(rooms: Rooms) -> None:
    plans = (
        job_plan("a", artifacts=(artifact("wheels"),)),
        job_plan("b", artifacts=(artifact("wheels"),)),
        job_plan("c", needs=["a"]),
    )
    session = await opened(rooms, *plans)
    await rooms.artifacts.put(session.job, "wheels", stream(tar_of({"x": b"1"})))
    await session.end(1, DONE)
    await rooms.launch_ready()
    reader = await rooms.sessions.begin(rooms.hypervisor.orders[2].token)
    found = [data async for data in await rooms.sessions.artifact_of(reader.job, "a", "wheels")]
    assert b"".join(found) == tar_of({"x": b"1"})
    for other in ("b", "c", "nobody", ""):
        with pytest.raises(Refused):
            await rooms.sessions.artifact_of(reader.job, other, "wheels")
