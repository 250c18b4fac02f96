"""What every store of jobs does."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import pytest

from solstice.adapters.memory import MemoryJobs
from solstice.domain.event import Event, JobChanged
from solstice.domain.job import Job, JobId, JobState
from solstice.domain.pipeline import Pipeline
from solstice.domain.reason import Cause, Reason
from solstice.orchestrator.amend import Fenced, amend, at_epoch
from solstice.orchestrator.ports import Jobs
from tests import builders
from tests.builders import NOON, job_plan, lease

WHY = Reason(Cause.NEEDS, "needs a")


@dataclass(frozen=True)
class Store:
    """A store, how a pipeline gets into it, and what it told."""

    jobs: Jobs
    add: Callable[[Pipeline], Awaitable[None]]
    told: list[Event]


@pytest.fixture(params=["memory"])
def store(request: pytest.FixtureRequest) -> Store:
    told: list[Event] = []
    memory = MemoryJobs(told.append)
    return Store(memory, memory.add, told)


async def one_job(store: Store) -> Job:
    pipeline = builders.pipeline(job_plan())
    await store.add(pipeline)
    return pipeline.jobs[0]


def over(job: Job) -> Job:
    return job.end(JobState.CANCELLED, WHY, NOON)


async def test_pipelines_come_oldest_first_with_their_jobs_as_they_stand(store: Store) -> None:
    first, second = builders.pipeline(job_plan("a"), job_plan("b")), builders.pipeline(job_plan("c"))
    await store.add(first)
    await store.add(second)
    moved = first.jobs[1].queue()
    assert await store.jobs.swap(first.jobs[1], moved)
    assert await store.jobs.pipelines() == (replace(first, jobs=(first.jobs[0], moved)), second)
    assert (await store.jobs.pipeline(moved.id)).jobs[1] == moved


async def test_a_pipeline_that_is_over_is_no_longer_listed_but_still_known(store: Store) -> None:
    job = await one_job(store)
    assert await store.jobs.swap(job, over(job))
    assert await store.jobs.pipelines() == ()
    assert (await store.jobs.pipeline(job.id)).jobs == (over(job),)


async def test_an_id_nobody_made_is_a_key_error(store: Store) -> None:
    for ask in (store.jobs.get, store.jobs.pipeline):
        with pytest.raises(KeyError):
            await ask(JobId("nobody"))


async def test_a_swap_on_what_is_no_longer_there_changes_nothing(store: Store) -> None:
    job = await one_job(store)
    queued = job.queue()
    assert await store.jobs.swap(job, queued)
    assert not await store.jobs.swap(job, over(job))
    assert await store.jobs.get(job.id) == queued


async def test_a_swap_for_something_that_is_no_successor_changes_nothing(store: Store) -> None:
    job = await one_job(store)
    assert not await store.jobs.swap(job, job)
    assert not await store.jobs.swap(job, replace(job, reason=WHY))
    assert await store.jobs.get(job.id) == job


async def test_of_many_who_swap_at_once_one_wins(store: Store) -> None:
    job = await one_job(store)
    after = [job.wait(Reason(Cause.NEEDS, str(number))) for number in range(20)]
    won = await asyncio.gather(*(store.jobs.swap(job, one) for one in after))
    assert sum(won) == 1
    assert await store.jobs.get(job.id) == after[won.index(True)]


async def test_every_write_is_told_once_in_order_and_a_lost_one_never(store: Store) -> None:
    job = await one_job(store)
    queued = job.queue()
    await store.jobs.swap(job, queued)
    await store.jobs.swap(job, over(job))
    await store.jobs.swap(queued, over(queued))
    assert store.told == [
        JobChanged(None, job),
        JobChanged(job, queued),
        JobChanged(queued, over(queued)),
    ]


async def test_a_job_is_found_by_its_token_then_by_its_session_then_not_at_all(store: Store) -> None:
    job = await one_job(store)
    queued = job.queue()
    held = queued.claim(lease(token="t1"), "debian-12", NOON)
    running = held.run(held.lease.exchange("s1"), (), NOON)  # type: ignore[union-attr]
    found = []
    for before, after in ((job, queued), (queued, held), (held, running), (running, over(running))):
        assert await store.jobs.swap(before, after)
        found.append((await store.jobs.holder("t1"), await store.jobs.holder("s1")))
    assert found == [(None, None), (held, None), (None, running), (None, None)]


async def test_an_empty_credential_holds_nothing(store: Store) -> None:
    job = await one_job(store)
    held = job.queue().claim(lease(token=""), "debian-12", NOON)
    assert await store.jobs.swap(job, held)
    assert await store.jobs.holder("") is None


async def test_amending_under_contention_loses_no_change(store: Store) -> None:
    job = await one_job(store)

    async def add(number: int) -> None:
        def change(current: Job) -> Job:
            outputs = (*current.outputs, (str(number), ""))
            return replace(current, outputs=outputs, version=current.version + 1)

        await amend(store.jobs, job.id, change)

    await asyncio.gather(*(add(number) for number in range(30)))
    assert {name for name, _ in (await store.jobs.get(job.id)).outputs} == {
        str(number) for number in range(30)
    }


async def test_amending_with_nothing_to_do_writes_nothing(store: Store) -> None:
    job = await one_job(store)
    assert await amend(store.jobs, job.id, lambda current: None) is None
    assert await amend(store.jobs, job.id, lambda current: current) is None
    assert len(store.told) == 1


@pytest.mark.parametrize("epoch", [0, 2])
async def test_a_writer_of_another_epoch_is_fenced_off(store: Store, epoch: int) -> None:
    job = await one_job(store)
    held = job.queue().claim(lease(1), "debian-12", NOON)
    await store.jobs.swap(job, held)
    with pytest.raises(Fenced):
        await amend(store.jobs, job.id, at_epoch(epoch, lambda current: over(current)))
    assert await store.jobs.get(job.id) == held


async def test_a_writer_is_fenced_off_if_its_epoch_ends_while_it_tries(store: Store) -> None:
    job = await one_job(store)
    held = job.queue().claim(lease(1), "debian-12", NOON)
    await store.jobs.swap(job, held)
    tries = []

    def change(current: Job) -> Job:
        tries.append(current)
        return current.wait(WHY)

    swap = store.jobs.swap

    class Faster:
        """Somebody ends the job between our read and our write."""

        async def get(self, name: JobId) -> Job:
            found = await store.jobs.get(name)
            if not tries:
                await swap(held, over(held))
            return found

        async def swap(self, before: Job, after: Job) -> bool:
            return await swap(before, after)

    with pytest.raises(Fenced):
        await amend(Faster(), job.id, at_epoch(1, change))  # type: ignore[arg-type]
    assert len(tries) == 1
    assert await store.jobs.get(job.id) == over(held)
