"""Which job gets a machine, when, and what becomes of one that does not."""

from datetime import timedelta

import pytest

from solstice.domain.errors import MachineFault, OperatorMistake, Transient
from solstice.domain.job import JobState
from solstice.domain.machine import Room
from solstice.domain.plan import Resources
from solstice.domain.reason import Cause, Fault
from tests import builders
from tests.builders import MIB, job_plan, matrix_plans
from tests.fakes.guests import panics, says_nothing, works
from tests.fakes.rooms import Rooms
from tests.fakes.virtual_time import virtual_time
from tests.orchestrator.in_virtual_time import timed_rooms

QUEUED, STARTING, BLOCKED = JobState.QUEUED, JobState.STARTING, JobState.BLOCKED
SUCCEEDED, FAILED, SKIPPED = JobState.SUCCEEDED, JobState.FAILED, JobState.SKIPPED
CANCELLED = JobState.CANCELLED


async def test_a_job_without_needs_gets_a_machine_once_its_image_is_there(rooms: Rooms) -> None:
    await rooms.add(job_plan("a"))
    await rooms.launcher.launch()
    waiting = await rooms.job("a")
    assert waiting.state is QUEUED
    assert waiting.reason
    assert waiting.reason.cause is Cause.IMAGE_COMING

    await rooms.launch_ready()
    started = await rooms.job("a")
    (order,) = rooms.hypervisor.orders
    assert started.state is STARTING
    assert started.lease
    assert started.lease.machine == order.name == started.machine
    assert started.epoch == 1
    assert started.image == builders.LABEL


async def test_the_store_holds_only_a_digest_of_the_machines_token(rooms: Rooms) -> None:
    await rooms.add(job_plan("a"))
    await rooms.launch_ready()
    (order,) = rooms.hypervisor.orders
    assert order.token not in repr(rooms.events)
    assert order.token not in repr(order)


async def test_the_image_is_prepared_once_for_all_jobs_that_want_it(rooms: Rooms) -> None:
    await rooms.add(job_plan("a"), job_plan("b"))
    await rooms.add(job_plan("c"))
    await rooms.launch_ready()
    assert rooms.hypervisor.prepared == [builders.LABEL]


async def test_a_job_waits_for_its_needs_and_says_for_which(rooms: Rooms) -> None:
    await rooms.add(job_plan("a"), job_plan("b"), job_plan("c", needs=["a", "b"]))
    await rooms.launch_ready()
    waiting = await rooms.job("c")
    assert waiting.state is BLOCKED
    assert str(waiting.reason) == "needs a, b"


@virtual_time
async def test_jobs_run_in_the_order_of_their_needs() -> None:
    rooms = timed_rooms()
    rooms.hypervisor.guest = works(lambda: rooms.sessions)
    jobs = (
        job_plan("build"),
        job_plan("lint"),
        job_plan("test", needs=["build"]),
        job_plan("ship", needs=["test", "lint"]),
    )
    states = await rooms.run_to_the_end(*jobs)
    assert set(states.values()) == {SUCCEEDED}
    done = [await rooms.job(name) for name in states]
    ended = {job.plan.id: job.ended_at for job in done if job.ended_at}
    began = {job.plan.id: job.attempt.claimed_at for job in done if job.attempt}
    assert began["test"] >= ended["build"]
    assert began["ship"] >= max(ended["test"], ended["lint"])
    assert began["lint"] < ended["build"]


@virtual_time
async def test_what_follows_a_failed_job_is_skipped_with_the_reason_unless_it_asks_for_failures() -> None:
    rooms = timed_rooms()
    rooms.hypervisor.guest = works(lambda: rooms.sessions, result=FAILED)
    states = await rooms.run_to_the_end(
        job_plan("build"),
        job_plan("test", needs=["build"]),
        job_plan("ship", needs=["test"]),
        job_plan("tell", needs=["build"], condition="failure()"),
        job_plan("tidy", needs=["ship"], condition="always()"),
        job_plan("never", needs=["build"], condition="success() && event == 'push'"),
    )
    assert states == {
        "build": FAILED,
        "test": SKIPPED,
        "ship": SKIPPED,
        "tell": FAILED,
        "tidy": FAILED,
        "never": SKIPPED,
    }
    skipped = await rooms.job("test")
    assert skipped.reason
    assert skipped.reason.cause is Cause.NEEDS_NOT_MET
    assert "build" in skipped.reason.evidence
    assert skipped.ended_at


async def test_a_false_condition_skips_a_job_and_nobody_is_to_blame(rooms: Rooms) -> None:
    await rooms.add(
        job_plan("a", condition="event == 'schedule'"), job_plan("b", condition="event == 'push'")
    )
    await rooms.launch_ready()
    skipped = await rooms.job("a")
    assert skipped.state is SKIPPED
    assert skipped.reason
    assert skipped.reason.cause is Cause.CONDITION_FALSE
    assert (await rooms.job("b")).state is STARTING


async def test_a_condition_that_cannot_be_evaluated_fails_its_job_and_no_other(rooms: Rooms) -> None:
    await rooms.add(job_plan("a", condition="fromJSON(branch)"), job_plan("b"))
    await rooms.launch_ready()
    failed = await rooms.job("a")
    assert failed.state is FAILED
    assert failed.reason
    assert failed.reason.cause is Cause.ASSIGNMENT_FAILED
    assert (await rooms.job("b")).state is STARTING


async def test_a_label_that_leads_to_no_image_fails_its_job_and_no_other(rooms: Rooms) -> None:
    await rooms.add(job_plan("a", runs_on="plan9"), job_plan("b"))
    await rooms.launch_ready()
    failed = await rooms.job("a")
    assert failed.state is FAILED
    assert "plan9" in str(failed.reason)
    assert (await rooms.job("b")).state is STARTING


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OperatorMistake("the image is broken", "Build it anew."), "the image is broken; Build it anew."),
        (Transient("the mirror is away"), "image debian-12 cannot be had: the mirror is away"),
    ],
    ids=["operator", "transient"],
)
async def test_an_image_that_cannot_be_had_fails_the_job_with_the_remedy(
    rooms: Rooms, error: Exception, words: str
) -> None:
    rooms.hypervisor.prepare_errors = [error]
    await rooms.add(job_plan("a"))
    await rooms.launch_ready()
    failed = await rooms.job("a")
    assert failed.state is FAILED
    assert failed.reason
    assert failed.reason.cause is Cause.IMAGE_FAILED
    assert failed.reason.cause.fault is Fault.INFRASTRUCTURE
    assert str(failed.reason) == words
    assert rooms.hypervisor.orders == []


@pytest.mark.parametrize(
    ("room", "wanted", "words"),
    [
        (builders.room(cpus=3), Resources(cpus=2), "2 of 3 cpus are busy"),
        (builders.room(memory_mib=1500), Resources(memory=1024 * MIB), "1024 of 1500 MiB of memory are busy"),
        (builders.room(machines=1), Resources(), "1 of 1 machines are busy"),
    ],
    ids=["cpus", "memory", "machines"],
)
async def test_a_job_that_does_not_fit_beside_the_others_waits_and_says_what_is_taken(
    room: Room, wanted: Resources, words: str
) -> None:
    rooms = Rooms(bounds=builders.bounds(host=room))
    await rooms.add(job_plan("a", resources=wanted), job_plan("b", resources=wanted))
    await rooms.launch_ready()
    assert await rooms.states() == {"a": STARTING, "b": QUEUED}
    waiting = await rooms.job("b")
    assert waiting.reason
    assert waiting.reason.cause is Cause.NO_ROOM
    assert str(waiting.reason) == words


async def test_a_job_that_no_empty_host_could_hold_fails_at_once(rooms: Rooms) -> None:
    await rooms.add(job_plan("a", resources=Resources(cpus=64)))
    await rooms.launch_ready()
    failed = await rooms.job("a")
    assert failed.state is FAILED
    assert "64 cpus" in str(failed.reason)


async def test_a_small_job_does_not_wait_behind_one_that_has_no_room(rooms: Rooms) -> None:
    await rooms.add(
        *(job_plan(name, resources=Resources(cpus=n)) for name, n in (("a", 3), ("b", 3), ("c", 1)))
    )
    await rooms.launch_ready()
    assert await rooms.states() == {"a": STARTING, "b": QUEUED, "c": STARTING}


async def test_a_pipeline_of_higher_priority_goes_first() -> None:
    rooms = Rooms(bounds=builders.bounds(host=builders.room(machines=1)))
    await rooms.add(job_plan("low"))
    await rooms.add(job_plan("high"), priority=5)
    await rooms.launch_ready()
    assert await rooms.states() == {"low": QUEUED, "high": STARTING}


async def test_a_matrix_runs_no_more_jobs_at_once_than_it_may(rooms: Rooms) -> None:
    await rooms.add(*matrix_plans("x", "y", "z", max_parallel=2))
    await rooms.launch_ready()
    assert list((await rooms.states()).values()) == [STARTING, STARTING, QUEUED]
    waiting = await rooms.job("test-z")
    assert waiting.reason
    assert waiting.reason.cause is Cause.MAX_PARALLEL


@virtual_time
async def test_the_first_failure_in_a_matrix_ends_its_siblings() -> None:
    rooms = timed_rooms(host=builders.room(machines=2))
    slow = works(lambda: rooms.sessions, seconds=600)
    quick = works(lambda: rooms.sessions, seconds=20, result=FAILED)
    rooms.hypervisor.guest = lambda order: (quick if order is rooms.hypervisor.orders[0] else slow)(order)
    states = await rooms.run_to_the_end(*matrix_plans("x", "y", "z", fail_fast=True), job_plan("other"))
    assert states == {"test-x": FAILED, "test-y": CANCELLED, "test-z": CANCELLED, "other": SUCCEEDED}
    for name in ("test-y", "test-z"):
        ended = await rooms.job(name)
        assert ended.reason
        assert ended.reason.cause is Cause.FAIL_FAST
        assert "test-x" in str(ended.reason)


@virtual_time
async def test_without_fail_fast_every_job_of_a_matrix_runs() -> None:
    rooms = timed_rooms()
    rooms.hypervisor.guest = works(lambda: rooms.sessions, result=FAILED)
    states = await rooms.run_to_the_end(*matrix_plans("x", "y", fail_fast=False))
    assert states == {"test-x": FAILED, "test-y": FAILED}


async def test_a_job_cancelled_while_it_waits_never_gets_a_machine(rooms: Rooms) -> None:
    await rooms.add(job_plan("a"), job_plan("b", needs=["a"]))
    await rooms.cancel("a")
    await rooms.cancel("b")
    await rooms.launch_ready()
    assert await rooms.states() == {"a": CANCELLED, "b": CANCELLED}
    assert rooms.hypervisor.orders == []


@virtual_time
async def test_a_machine_that_does_not_boot_for_now_is_tried_again() -> None:
    rooms = timed_rooms()
    rooms.hypervisor.guest = works(lambda: rooms.sessions)
    rooms.hypervisor.boot_errors = [Transient("the host is busy")]
    assert await rooms.run_to_the_end(job_plan("a")) == {"a": SUCCEEDED}
    done = await rooms.job("a")
    assert (done.epoch, done.lost, done.failed) == (2, 1, 0)
    assert len({order.token for order in rooms.hypervisor.orders}) == 2


@virtual_time
async def test_a_job_whose_machines_are_lost_again_and_again_fails_as_ours() -> None:
    rooms = timed_rooms(max_lost=3)
    rooms.hypervisor.boot_errors = [Transient("the host is busy") for _ in range(9)]
    assert await rooms.run_to_the_end(job_plan("a", retries=5)) == {"a": FAILED}
    failed = await rooms.job("a")
    assert (failed.epoch, failed.lost) == (3, 3)
    assert failed.reason
    assert failed.reason.cause is Cause.BOOT_FAILED
    assert str(failed.reason) == "the host is busy"


@virtual_time
async def test_a_host_that_cannot_boot_machines_fails_the_job_at_once_with_the_remedy() -> None:
    rooms = timed_rooms()
    rooms.hypervisor.boot_errors = [MachineFault("this machine has no QEMU", "Install it.")]
    assert await rooms.run_to_the_end(job_plan("a")) == {"a": FAILED}
    failed = await rooms.job("a")
    assert (failed.epoch, str(failed.reason)) == (1, "this machine has no QEMU; Install it.")


@virtual_time
async def test_a_boot_that_hangs_ends_with_the_boot_limit() -> None:
    rooms = timed_rooms(boot_limit=timedelta(seconds=90), max_lost=1)
    rooms.hypervisor.hang_in_boot = True
    assert await rooms.run_to_the_end(job_plan("a")) == {"a": FAILED}
    failed = await rooms.job("a")
    assert failed.ended_at == builders.NOON + timedelta(seconds=90)
    assert "boot limit" in str(failed.reason)


@pytest.mark.parametrize(
    ("guest", "cause"),
    [(says_nothing, Cause.NO_KERNEL), (panics, Cause.KERNEL_PANIC)],
    ids=["silent", "panic"],
)
def test_a_machine_whose_agent_never_speaks_is_lost_with_the_consoles_reason(
    guest: object, cause: Cause
) -> None:
    @virtual_time
    async def story() -> None:
        rooms = timed_rooms(max_lost=2)
        rooms.hypervisor.guest = guest  # type: ignore[assignment]
        assert await rooms.run_to_the_end(job_plan("a")) == {"a": FAILED}
        failed = await rooms.job("a")
        assert (failed.epoch, failed.lost) == (2, 2)
        assert failed.reason
        assert failed.reason.cause is cause

    story()


@virtual_time
async def test_the_authors_retries_count_only_the_authors_failures() -> None:
    rooms = timed_rooms(max_lost=2)
    fails = works(lambda: rooms.sessions, result=FAILED)
    rooms.hypervisor.guest = lambda order: (panics if order.name.endswith("-2") else fails)(order)
    assert await rooms.run_to_the_end(job_plan("a", retries=2)) == {"a": FAILED}
    failed = await rooms.job("a")
    assert (failed.epoch, failed.failed, failed.lost) == (4, 3, 1)
    assert failed.reason
    assert failed.reason.cause is Cause.STEP_FAILED


@virtual_time
async def test_a_job_that_succeeds_on_its_second_attempt_is_green() -> None:
    rooms = timed_rooms()
    fails, wins = works(lambda: rooms.sessions, result=FAILED), works(lambda: rooms.sessions)
    rooms.hypervisor.guest = lambda order: (fails if order.name.endswith("-1") else wins)(order)
    assert await rooms.run_to_the_end(job_plan("a", retries=1)) == {"a": SUCCEEDED}
    done = await rooms.job("a")
    assert done.reason is None
    assert rooms.logs.kept.keys() == {(done.id, 1), (done.id, 2)}
