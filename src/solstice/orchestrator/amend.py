"""Changing one job of the store while others may be changing it too."""

from collections.abc import Callable

from solstice.domain.job import Job, JobId
from solstice.orchestrator.ports import Jobs


class Fenced(Exception):
    """The writer's epoch is no longer the job's: whatever it has to say comes too late."""


async def amend(jobs: Jobs, job: JobId, change: Callable[[Job], Job | None]) -> Job | None:
    """Apply ``change`` to the job as it stands, again if somebody was faster.

    ``change`` is pure and may be called several times; ``None`` from it means that nothing is to be
    done. Returns the job as written, ``None`` if nothing was.
    """
    while True:
        before = await jobs.get(job)
        after = change(before)
        if after is None or after is before:
            return None
        if await jobs.swap(before, after):
            return after


def at_epoch(epoch: int, change: Callable[[Job], Job | None]) -> Callable[[Job], Job | None]:
    """``change``, refused with `Fenced` once the job has gone on to another epoch or is over."""

    def guarded(job: Job) -> Job | None:
        if job.epoch != epoch or job.lease is None:
            raise Fenced(f"epoch {epoch} of job {job.id} is over")
        return change(job)

    return guarded
