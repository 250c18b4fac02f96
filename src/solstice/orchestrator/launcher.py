"""Blocked jobs that may go on, and queued jobs that get a machine: the only one who boots."""

import asyncio
import contextlib
import hashlib
import secrets
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from solstice.domain.assigning import decide
from solstice.domain.errors import AuthorMistake, OperatorMistake, Transient
from solstice.domain.image import Image, ImageMap
from solstice.domain.job import Attempt, Job, JobState
from solstice.domain.lease import Lease, MachineName
from solstice.domain.machine import Booted, MachineOrder, Room
from solstice.domain.pipeline import Pipeline, fail_fast, needs_for
from solstice.domain.placement import HAS_MACHINE, Measure, in_use, measure, never_fits, waits
from solstice.domain.reason import Cause, Reason
from solstice.orchestrator.amend import Fenced, amend, at_epoch
from solstice.orchestrator.loop import Loop
from solstice.orchestrator.ports import Clock, Hypervisor, Jobs, Nudge
from solstice.orchestrator.settings import Bounds

Spawn = Callable[[Coroutine[Any, Any, None]], None]
"""Runs a coroutine in the process's task group."""


class Launcher(Loop):
    """Job → machine. Each pass looks at every open pipeline and moves what can move."""

    def __init__(
        self,
        *,
        jobs: Jobs,
        images: ImageMap,
        hypervisor: Hypervisor,
        clock: Clock,
        bounds: Bounds,
        spawn: Spawn,
        sweep: Nudge,
    ) -> None:
        super().__init__(self.launch, period=timedelta(seconds=5))
        self._jobs, self._images, self._hypervisor = jobs, images, hypervisor
        self._clock, self._bounds, self._spawn, self._sweep = clock, bounds, spawn, sweep
        self._preparing: set[str] = set()
        self._prepared: dict[str, Reason | None] = {}
        """Image name → ``None`` once it is at hand, else why it cannot be had."""

    async def launch(self) -> None:
        """One pass."""
        for pipeline in await self._jobs.pipelines():
            for job in pipeline.jobs:
                await self._settle_waiting(pipeline, job)
        pipelines = await self._jobs.pipelines()
        queue = sorted(pipelines, key=lambda pipeline: -pipeline.plan.priority)
        for pipeline in queue:
            for job in pipeline.jobs:
                if job.state is JobState.QUEUED:
                    await self._place(job)

    async def _settle_waiting(self, pipeline: Pipeline, job: Job) -> None:
        now = self._clock.now()
        if job.state in (JobState.BLOCKED, JobState.QUEUED):
            if cancel := job.cancel or fail_fast(pipeline, job):
                await self._jobs.swap(job, job.end(JobState.CANCELLED, cancel, now))
                return
        elif job.state in (JobState.STARTING, JobState.RUNNING) and (cancel := fail_fast(pipeline, job)):
            if job.cancel is None:
                await self._jobs.swap(job, job.ask_cancel(cancel, now + self._bounds.grace))
            return
        if job.state is not JobState.BLOCKED:
            return
        needs = pipeline.needs_of(job)
        if not all(need.state.is_over for need in needs):
            await self._note_wait(job, _waits_for(needs))
            return
        await self._jobs.swap(job, self._open(pipeline, job, needs))

    def _open(self, pipeline: Pipeline, job: Job, needs: tuple[Job, ...]) -> Job:
        now, plan = self._clock.now(), pipeline.plan
        try:
            decision = decide(job.plan, plan.occasion, needs_for(needs), plan.workflow)
        except AuthorMistake as mistake:
            return job.end(JobState.FAILED, Reason(Cause.ASSIGNMENT_FAILED, str(mistake)), now)
        if decision.run:
            return job.queue()
        met = job.plan.condition is not None or all(need.state is JobState.SUCCEEDED for need in needs)
        cause = Cause.CONDITION_FALSE if met else Cause.NEEDS_NOT_MET
        return job.skip(Reason(cause, decision.reason), now)

    async def _place(self, job: Job) -> None:
        now = self._clock.now()
        try:
            image = self._images.resolve(job.plan.runs_on)
        except OperatorMistake as error:
            reason = _blame(Cause.IMAGE_FAILED, error)
            await self._jobs.swap(job, job.end(JobState.FAILED, reason, now))
            return
        if image.name not in self._prepared:
            self._prepare(image)
            await self._note_wait(job, Reason(Cause.IMAGE_COMING, f"image {image.name} is made ready"))
            return
        if failure := self._prepared[image.name]:
            await self._jobs.swap(job, job.end(JobState.FAILED, failure, now))
            return
        size = measure(job.plan, self._images, image)
        if never := never_fits(size.room, self._bounds.host):
            await self._jobs.swap(job, job.end(JobState.FAILED, Reason(Cause.NO_ROOM, never), now))
            return
        pipeline = await self._jobs.pipeline(job.id)
        if wait := waits(pipeline, job, size.room, await self._used(), self._bounds.host):
            await self._note_wait(job, wait)
            return
        await self._claim(job, image, size)

    async def _used(self) -> Room:
        jobs = [job for pipeline in await self._jobs.pipelines() for job in pipeline.jobs]
        sizes = ((job, self._images.resolve(job.plan.runs_on)) for job in jobs if job.state in HAS_MACHINE)
        return in_use([(job, measure(job.plan, self._images, image).room) for job, image in sizes])

    async def _claim(self, job: Job, image: Image, size: Measure) -> None:
        now, token = self._clock.now(), secrets.token_urlsafe(32)
        epoch = job.epoch + 1
        lease = Lease(
            machine=MachineName(f"solstice-{job.id[:12]}-{epoch}"),
            epoch=epoch,
            expires_at=now + self._bounds.boot_limit,
            token=hashlib.sha256(token.encode()).hexdigest(),
        )
        if not await self._jobs.swap(job, job.claim(lease, image.name, now)):
            return
        order = MachineOrder(
            name=lease.machine,
            image=image,
            cpus=size.cpus,
            memory=size.memory,
            disk=size.disk,
            network=job.plan.network,
            token=token,
            lifetime=self._bounds.boot_limit + job.plan.timeout + 2 * self._bounds.grace,
        )
        self._spawn(self._boot(job, order))

    async def _boot(self, job: Job, order: MachineOrder) -> None:
        try:
            async with asyncio.timeout(self._bounds.boot_limit.total_seconds()):
                booted = await self._hypervisor.boot(order)
        except OperatorMistake as error:
            await self._not_booted(job, _blame(Cause.BOOT_FAILED, error), again=False)
        except (Transient, TimeoutError) as error:
            evidence = str(error) or "the machine did not start within the boot limit"
            await self._not_booted(job, Reason(Cause.BOOT_FAILED, evidence), again=True)
        else:
            await self._note_boot(job, booted)

    async def _note_boot(self, job: Job, booted: Booted) -> None:
        epoch = job.epoch + 1

        def keep(current: Job) -> Job | None:
            attempt = current.attempt or Attempt(claimed_at=self._clock.now())
            return current.note(attempt.with_boot(booted.way, booted.phases))

        try:
            await amend(self._jobs, job.id, at_epoch(epoch, keep))
        except Fenced:
            self._sweep()

    async def _not_booted(self, job: Job, reason: Reason, *, again: bool) -> None:
        now, lost = self._clock.now(), self._bounds.max_lost

        def give_up(current: Job) -> Job:
            if again:
                return current.lose(reason, lost, now)
            return current.end(JobState.FAILED, reason, now)

        with contextlib.suppress(Fenced):
            await amend(self._jobs, job.id, at_epoch(job.epoch + 1, give_up))
        self._sweep()
        self.nudge()

    def _prepare(self, image: Image) -> None:
        if image.name not in self._preparing:
            self._preparing.add(image.name)
            self._spawn(self._have(image))

    async def _have(self, image: Image) -> None:
        try:
            async with asyncio.timeout(self._bounds.image_limit.total_seconds()):
                await self._hypervisor.prepare(image)
            self._prepared[image.name] = None
        except OperatorMistake as error:
            self._prepared[image.name] = _blame(Cause.IMAGE_FAILED, error)
        except Transient as error:
            evidence = f"image {image.name} cannot be had: {error}"
            self._prepared[image.name] = Reason(Cause.IMAGE_FAILED, evidence)
        except TimeoutError:
            evidence = f"image {image.name} is not there after {self._bounds.image_limit}"
            self._prepared[image.name] = Reason(Cause.IMAGE_FAILED, evidence)
        self._preparing.discard(image.name)
        self.nudge()

    async def _note_wait(self, job: Job, reason: Reason) -> None:
        if job.reason != reason:
            await self._jobs.swap(job, job.wait(reason))


def _waits_for(needs: tuple[Job, ...]) -> Reason:
    names = ", ".join(need.plan.id for need in needs if not need.state.is_over)
    return Reason(Cause.NEEDS, f"needs {names}")


def _blame(cause: Cause, error: OperatorMistake) -> Reason:
    """The error's first line and its remedy as evidence; what else it says (a build's output) as detail."""
    first, _, rest = str(error).partition("\n")
    return Reason(cause, f"{first}; {error.remedy}" if error.remedy else first, rest)
