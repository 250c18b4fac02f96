"""Machines nobody holds are destroyed, jobs whose machine is gone are lost, deadlines are kept."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from solstice.domain.errors import MachineFault, SolsticeError, Transient
from solstice.domain.job import Attempt, Job, JobState
from solstice.domain.lease import MachineName
from solstice.domain.reason import Cause, Reason
from tests import builders
from tests.builders import NOON, job_plan, lease, leased_job
from tests.fakes.guests import falls_silent, never_ends, works
from tests.fakes.meddling import Meddler, Trouble
from tests.fakes.rooms import Rooms
from tests.fakes.virtual_time import virtual_time
from tests.orchestrator.in_virtual_time import timed_rooms

STARTING, RUNNING, QUEUED = JobState.STARTING, JobState.RUNNING, JobState.QUEUED
MACHINE = lease().machine
PERSON = Reason(Cause.CANCELLED, "a person said so")


def running_job(**more: Any) -> Job:
    """A job whose agent said hello at noon."""
    attempt = Attempt(claimed_at=NOON, hello_at=NOON, machine=MACHINE)
    return leased_job(RUNNING, attempt=attempt, **more)


@pytest.mark.parametrize(
    "jobs",
    [
        pytest.param([running_job(lease=lease(minutes_left=-1))], id="agent silent"),
        pytest.param([running_job().end(JobState.SUCCEEDED, None, NOON)], id="job finished"),
        pytest.param([leased_job(STARTING).lose(PERSON, 2, NOON)], id="job queued again"),
        pytest.param([], id="nobody remembers it"),
    ],
)
async def test_an_unheld_machine_is_destroyed(rooms: Rooms, jobs: list[Job]) -> None:
    await rooms.put(*jobs)
    rooms.hypervisor.add(MACHINE)
    await rooms.reaper.sweep()
    assert await rooms.hypervisor.machines() == {}


async def test_a_held_machine_is_left_alone(rooms: Rooms) -> None:
    await rooms.put(running_job())
    rooms.hypervisor.add(MACHINE)
    await rooms.reaper.sweep()
    assert await rooms.hypervisor.machines() == {MACHINE: True}
    assert rooms.hypervisor.destroyed == []


async def test_the_machine_of_an_older_epoch_goes_and_that_of_the_current_one_stays(rooms: Rooms) -> None:
    await rooms.put(leased_job(STARTING, lease=lease(2)))
    old, new = MachineName("solstice-x-1"), MachineName("solstice-x-2")
    rooms.hypervisor.add(old)
    rooms.hypervisor.add(new)
    await rooms.reaper.sweep()
    assert await rooms.hypervisor.machines() == {new: True}


@pytest.mark.parametrize("state", [STARTING, RUNNING])
async def test_a_job_whose_machine_died_is_queued_again_with_what_the_console_said(
    rooms: Rooms, state: JobState
) -> None:
    await rooms.put(leased_job(state))
    rooms.hypervisor.add(MACHINE, alive=False, console=b"Kernel panic - not syncing: no root\n")
    await rooms.reaper.sweep()
    again = await rooms.job("test")
    assert (again.state, again.lost, again.lease) == (QUEUED, 1, None)
    assert again.reason == Reason(Cause.RETRY, "the guest's kernel panicked: no root")
    assert await rooms.hypervisor.machines() == {}


async def test_the_last_attempt_that_is_lost_fails_the_job_with_the_diagnosis(rooms: Rooms) -> None:
    await rooms.put(leased_job(RUNNING, lost=1))
    rooms.hypervisor.add(MACHINE, alive=False, console=b"Out of memory: Killed process 7 (cc1plus)\n")
    await rooms.reaper.sweep()
    failed = await rooms.job("test")
    assert failed.state is JobState.FAILED
    assert failed.ended_at == NOON
    assert failed.reason
    assert failed.reason.cause is Cause.OUT_OF_MEMORY
    assert "cc1plus" in str(failed.reason)


@pytest.mark.parametrize(
    ("state", "console", "cause"),
    [
        (STARTING, b"", Cause.NO_KERNEL),
        (STARTING, b"Linux version 6.1\n", Cause.NO_INIT),
        (STARTING, b"solstice-init: started\n", Cause.NO_AGENT),
        (RUNNING, b"solstice-init: started\n", Cause.AGENT_SILENT),
        (RUNNING, b"solstice-init: agent exited 137\n", Cause.AGENT_LOST),
    ],
)
async def test_a_lease_that_ran_out_is_explained_by_the_console(
    rooms: Rooms, state: JobState, console: bytes, cause: Cause
) -> None:
    await rooms.put(leased_job(state, lost=1))
    rooms.hypervisor.add(MACHINE, console=console)
    rooms.still.advance(minutes=3)
    await rooms.reaper.sweep()
    failed = await rooms.job("test")
    assert failed.reason
    assert failed.reason.cause is cause


async def test_a_job_keeps_its_lease_until_the_very_instant_it_runs_out(rooms: Rooms) -> None:
    await rooms.put(running_job())
    rooms.hypervisor.add(MACHINE)
    rooms.still.advance(minutes=3, seconds=-1)
    await rooms.reaper.sweep()
    assert (await rooms.job("test")).state is RUNNING
    rooms.still.advance(seconds=1)
    await rooms.reaper.sweep()
    assert (await rooms.job("test")).state is QUEUED


async def test_a_job_far_over_its_timeout_is_ended_by_the_host(rooms: Rooms) -> None:
    plan = job_plan(timeout=timedelta(minutes=10))
    held = lease(minutes_left=60)
    await rooms.put(
        leased_job(RUNNING, plan, lease=held, attempt=Attempt(NOON, hello_at=NOON + timedelta(seconds=30)))
    )
    rooms.hypervisor.add(held.machine)
    rooms.still.advance(minutes=10, seconds=30 + 59)
    await rooms.reaper.sweep()
    assert (await rooms.job("test")).state is RUNNING
    rooms.still.advance(seconds=1)
    await rooms.reaper.sweep()
    ended = await rooms.job("test")
    assert ended.state is JobState.TIMED_OUT
    assert ended.reason == Reason(Cause.TIMEOUT, "still running 60 s after its timeout")
    assert await rooms.hypervisor.machines() == {}


async def test_a_cancelled_job_that_is_only_starting_ends_at_once(rooms: Rooms) -> None:
    await rooms.put(leased_job(STARTING).ask_cancel(PERSON, NOON + timedelta(hours=1)))
    rooms.hypervisor.add(MACHINE)
    await rooms.reaper.sweep()
    ended = await rooms.job("test")
    assert (ended.state, ended.reason) == (JobState.CANCELLED, PERSON)
    assert await rooms.hypervisor.machines() == {}


async def test_a_running_job_has_until_the_deadline_to_cancel_itself(rooms: Rooms) -> None:
    await rooms.put(running_job().ask_cancel(PERSON, NOON + timedelta(seconds=30)))
    rooms.hypervisor.add(MACHINE)
    await rooms.reaper.sweep()
    assert (await rooms.job("test")).state is RUNNING
    rooms.still.advance(seconds=30)
    await rooms.reaper.sweep()
    assert (await rooms.job("test")).state is JobState.CANCELLED


async def test_a_job_that_was_to_be_cancelled_is_not_queued_again_when_its_machine_dies(rooms: Rooms) -> None:
    await rooms.put(running_job().ask_cancel(PERSON, NOON + timedelta(minutes=2)))
    rooms.hypervisor.add(MACHINE, alive=False)
    await rooms.reaper.sweep()
    ended = await rooms.job("test")
    assert (ended.state, ended.reason) == (JobState.CANCELLED, PERSON)


async def test_a_second_sweep_finds_nothing_to_do(rooms: Rooms) -> None:
    await rooms.put(running_job(lost=1, lease=lease(minutes_left=-1)))
    rooms.hypervisor.add(MACHINE)
    await rooms.reaper.sweep()
    told = len(rooms.events)
    await rooms.reaper.sweep()
    assert len(rooms.events) == told
    assert rooms.hypervisor.destroyed == [MACHINE]


@pytest.mark.parametrize(
    "error", [Transient("busy"), MachineFault("no disk left")], ids=["transient", "fault"]
)
@pytest.mark.parametrize("call", [0, 1, 2], ids=["machines", "first destroy", "second destroy"])
async def test_a_hypervisor_that_fails_once_is_asked_again_by_the_next_sweep(
    error: SolsticeError, call: int
) -> None:
    rooms = Rooms(meddler=Meddler(call, Trouble.RAISES_BEFORE, error))
    for name in ("solstice-a-1", "solstice-b-1", "solstice-c-1"):
        rooms.hypervisor.add(MachineName(name))
    await rooms.reaper.sweep()
    assert len(rooms.hypervisor.destroyed) == (0 if call == 0 else 2)
    await rooms.reaper.sweep()
    assert await rooms.hypervisor.machines() == {}


async def test_a_console_that_cannot_be_read_does_not_keep_a_dead_job(rooms: Rooms) -> None:
    rooms = Rooms(meddler=Meddler(1, Trouble.RAISES_BEFORE, Transient("busy")))
    await rooms.put(leased_job(STARTING))
    rooms.hypervisor.add(MACHINE, alive=False, console=b"Kernel panic - not syncing: x")
    await rooms.reaper.sweep()
    assert (await rooms.job("test")).state is QUEUED


@virtual_time
async def test_a_machine_that_does_not_end_keeps_no_other_machine_and_no_job() -> None:
    rooms = timed_rooms(Meddler(1, Trouble.HANGS))
    stubborn, other = MachineName("solstice-a-1"), MachineName("solstice-b-1")
    rooms.hypervisor.add(stubborn)
    rooms.hypervisor.add(other)
    await rooms.reaper.sweep()
    assert rooms.hypervisor.destroyed == [other]
    await rooms.reaper.sweep()
    assert await rooms.hypervisor.machines() == {}


async def test_a_job_that_goes_on_while_the_reaper_looks_is_not_lost(rooms: Rooms) -> None:
    """The agent's end is taken between the reaper's look at the job and its write."""
    await rooms.put(running_job())
    rooms.hypervisor.add(MACHINE, alive=False)
    job = await rooms.job("test")
    console = rooms.hypervisor.console

    async def finish_first(machine: MachineName) -> bytes:
        await rooms.jobs.swap(job, job.end(JobState.SUCCEEDED, None, NOON))
        return await console(machine)

    rooms.hypervisor.console = finish_first  # type: ignore[method-assign]
    await rooms.reaper.sweep()
    assert (await rooms.job("test")).state is JobState.SUCCEEDED


@virtual_time
async def test_an_agent_that_falls_silent_is_lost_after_its_lease() -> None:
    rooms = timed_rooms(max_lost=1)
    rooms.hypervisor.guest = falls_silent(lambda: rooms.sessions)
    assert await rooms.run_to_the_end(job_plan("a")) == {"a": JobState.FAILED}
    failed = await rooms.job("a")
    assert failed.ended_at
    assert rooms.bounds.lease <= failed.ended_at - NOON <= rooms.bounds.lease + timedelta(seconds=5)
    assert failed.reason
    assert failed.reason.cause is Cause.AGENT_SILENT


@virtual_time
async def test_a_silent_agents_job_runs_again_elsewhere() -> None:
    rooms = timed_rooms()
    silent, fine = falls_silent(lambda: rooms.sessions), works(lambda: rooms.sessions)
    rooms.hypervisor.guest = lambda order: (silent if order.name.endswith("-1") else fine)(order)
    assert await rooms.run_to_the_end(job_plan("a")) == {"a": JobState.SUCCEEDED}


@virtual_time
async def test_an_agent_that_lives_but_never_ends_is_timed_out_by_the_host() -> None:
    rooms = timed_rooms(grace=timedelta(seconds=20))
    rooms.hypervisor.guest = never_ends(lambda: rooms.sessions)
    states = await rooms.run_to_the_end(job_plan("a", timeout=timedelta(minutes=5)))
    assert states == {"a": JobState.TIMED_OUT}
    ended = (await rooms.job("a")).ended_at
    assert ended
    assert timedelta(minutes=5, seconds=20) <= ended - NOON <= timedelta(minutes=5, seconds=25)


def test_the_fixture_of_a_running_job_is_one_that_the_domain_could_have_made() -> None:
    made = builders.job(JobState.QUEUED).claim(lease(), "debian-12", NOON).run(lease(), (), NOON)
    fixture = running_job()
    assert replace(fixture, id=made.id, image=made.image, version=made.version) == made
