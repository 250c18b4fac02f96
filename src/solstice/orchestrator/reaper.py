"""The one clean-up path: machines nobody holds are destroyed, jobs whose machine is gone are lost."""

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from solstice.domain.diagnosis import diagnose
from solstice.domain.errors import SolsticeError
from solstice.domain.job import Job, JobState
from solstice.domain.lease import MachineName
from solstice.domain.reason import Cause, Reason
from solstice.orchestrator.amend import Fenced, amend, at_epoch
from solstice.orchestrator.loop import Loop
from solstice.orchestrator.ports import Clock, Hypervisor, Jobs, Nudge
from solstice.orchestrator.settings import Bounds

T = TypeVar("T")
log = logging.getLogger(__name__)


class Reaper(Loop):
    """Compares the machines there are with the leases there are."""

    def __init__(
        self, *, jobs: Jobs, hypervisor: Hypervisor, clock: Clock, bounds: Bounds, launch: Nudge
    ) -> None:
        super().__init__(self.sweep, period=timedelta(seconds=2))
        self._jobs, self._hypervisor = jobs, hypervisor
        self._clock, self._bounds, self._launch = clock, bounds, launch

    async def sweep(self) -> None:
        """One pass."""
        # Machines before leases: a lease is written before its machine boots, so no machine in this
        # list can have a lease we have not read.
        machines = await self._ask(self._hypervisor.machines(), "which machines are there") or {}
        for job in await self._leased():
            await self._look_after(job, machines)
        held = {job.lease.machine for job in await self._leased() if job.lease}
        # All at once: one that does not end must not keep the others.
        await asyncio.gather(*map(self._destroy, sorted(machines.keys() - held)))

    async def _destroy(self, machine: MachineName) -> None:
        await self._ask(self._hypervisor.destroy(machine), f"to destroy {machine}")

    async def _ask(self, question: Awaitable[T], what: str) -> T | None:
        """The hypervisor's answer; ``None`` if it has none now: the next pass asks again."""
        try:
            async with asyncio.timeout(self._bounds.call_limit.total_seconds()):
                return await question
        except (SolsticeError, TimeoutError) as error:
            log.warning("the hypervisor was asked %s: %s", what, error or "no answer")
            return None

    async def _leased(self) -> list[Job]:
        pipelines = await self._jobs.pipelines()
        return [job for pipeline in pipelines for job in pipeline.jobs if job.lease is not None]

    async def _look_after(self, job: Job, machines: Mapping[MachineName, bool]) -> None:
        if job.lease is None or job.attempt is None:
            return
        now = self._clock.now()
        if job.cancel and (job.state is JobState.STARTING or now >= (job.cancel_by or now)):
            await self._end(job, JobState.CANCELLED, job.cancel, now)
        elif now >= job.attempt.claimed_at + self._longest(job):
            evidence = f"still running {self._bounds.grace.total_seconds():.0f} s after its timeout"
            await self._end(job, JobState.TIMED_OUT, Reason(Cause.TIMEOUT, evidence), now)
        elif machines.get(job.lease.machine) is False:
            await self._lose(job, machine_ended=True, now=now)
        elif job.lease.is_over(now) and self._is_past_timeout(job, now):
            # A job that starves its own agent is no fault of ours once its time is over.
            evidence = f"its {job.plan.timeout.total_seconds():.0f} s are over, and its agent is silent"
            await self._end(job, JobState.TIMED_OUT, Reason(Cause.TIMEOUT, evidence), now)
        elif job.lease.is_over(now):
            await self._lose(job, machine_ended=False, now=now)

    @staticmethod
    def _is_past_timeout(job: Job, now: datetime) -> bool:
        hello = job.attempt.hello_at if job.attempt else None
        return hello is not None and now >= hello + job.plan.timeout

    def _longest(self, job: Job) -> timedelta:
        boot = self._bounds.boot_limit
        if job.attempt and job.attempt.hello_at:
            boot = job.attempt.hello_at - job.attempt.claimed_at
        return boot + job.plan.timeout + self._bounds.grace

    async def _lose(self, job: Job, *, machine_ended: bool, now: datetime) -> None:
        if job.lease is None:
            return
        machine = job.lease.machine
        console = await self._ask(self._hypervisor.console(machine), f"for the console of {machine}") or b""
        said_hello = job.state is JobState.RUNNING
        reason = diagnose(console, said_hello=said_hello, machine_ended=machine_ended)
        try:
            await amend(
                self._jobs,
                job.id,
                at_epoch(job.epoch, lambda current: current.lose(reason, self._bounds.max_lost, now)),
            )
        except Fenced:
            return
        self._launch()

    async def _end(self, job: Job, state: JobState, reason: Reason, now: datetime) -> None:
        try:
            await amend(
                self._jobs, job.id, at_epoch(job.epoch, lambda current: current.end(state, reason, now))
            )
        except Fenced:
            return
        self._launch()
