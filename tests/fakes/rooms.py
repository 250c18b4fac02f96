"""Launcher, sessions and reaper wired over fakes, the way `solstice.main` wires them over real parts."""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import Any

from solstice.adapters.memory import MemoryJobs
from solstice.domain.event import Event, JobChanged
from solstice.domain.image import ImageMap
from solstice.domain.job import Job, JobState
from solstice.domain.lease import MachineName
from solstice.domain.pipeline import Pipeline
from solstice.domain.plan import JobPlan
from solstice.domain.reason import Cause, Reason
from solstice.orchestrator.amend import amend
from solstice.orchestrator.launcher import Launcher
from solstice.orchestrator.ports import Clock
from solstice.orchestrator.reaper import Reaper
from solstice.orchestrator.sessions import Sessions
from solstice.orchestrator.settings import Bounds
from tests import builders
from tests.fakes.clock import FakeClock
from tests.fakes.hypervisor import FakeHypervisor
from tests.fakes.meddling import Meddler
from tests.fakes.stores import FakeArtifacts, FakeLogs, FakeSecrets, FakeSources


class Rooms:
    """The three rooms with their world; nothing moves unless a test says so or starts the loops."""

    def __init__(
        self,
        *,
        bounds: Bounds | None = None,
        clock: Clock | None = None,
        images: ImageMap | None = None,
        meddler: Meddler | None = None,
    ) -> None:
        self.events: list[Event] = []
        self.latest: dict[str, Job] = {}
        """Every job as it was last written, by its id."""
        self.left: Mapping[MachineName, bool] = {}
        self.ended: dict[str, Job] = {}
        self.still = FakeClock()
        self.bounds = bounds or builders.bounds()
        self.jobs = MemoryJobs(self._tell)
        self.hypervisor = FakeHypervisor(lambda: self.reaper.nudge())
        self.logs, self.artifacts = FakeLogs(), FakeArtifacts()
        self.sources, self.secrets = FakeSources(), FakeSecrets()
        clock, images = clock or self.still, images or builders.images()
        meddler = meddler or Meddler()
        hypervisor = meddler.between("hypervisor", self.hypervisor)
        self.reaper = Reaper(
            jobs=self.jobs,
            hypervisor=hypervisor,
            clock=clock,
            bounds=self.bounds,
            launch=lambda: self.launcher.nudge(),
        )
        self.launcher = Launcher(
            jobs=self.jobs,
            images=images,
            hypervisor=hypervisor,
            clock=clock,
            bounds=self.bounds,
            spawn=self.spawn,
            sweep=self.reaper.nudge,
        )
        self.sessions = Sessions(
            jobs=self.jobs,
            logs=meddler.between("logs", self.logs),
            artifacts=meddler.between("artifacts", self.artifacts),
            sources=meddler.between("sources", self.sources),
            secrets=meddler.between("secrets", self.secrets),
            images=images,
            clock=clock,
            bounds=self.bounds,
            tell=self.events.append,
            sweep=self.reaper.nudge,
            launch=lambda: self.launcher.nudge(),
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._over = asyncio.Event()
        self._failure: BaseException | None = None

    async def add(self, *jobs: JobPlan, priority: int = 0) -> Pipeline:
        """A new pipeline of these jobs."""
        made = builders.pipeline(*jobs, priority=priority)
        await self.jobs.add(made)
        return made

    async def put(self, *jobs: Job) -> Pipeline:
        """A pipeline of jobs as they are given."""
        bare = builders.pipeline(*(job.plan for job in jobs))
        made = replace(bare, jobs=tuple(replace(job, pipeline=bare.id) for job in jobs))
        await self.jobs.add(made)
        return made

    async def job(self, name: str) -> Job:
        """The job with this id in its plan, as it stands."""
        (found,) = [job for job in self.latest.values() if job.plan.id == name]
        return found

    async def states(self) -> dict[str, JobState]:
        """Where every job stands."""
        return {job.plan.id: job.state for job in self.latest.values()}

    async def launch(self) -> None:
        """One pass of the launcher, and what it spawned."""
        await self.launcher.launch()
        await self.quiet()

    async def launch_ready(self) -> None:
        """Two passes: one that has the image brought, one that uses it."""
        await self.launch()
        await self.launch()

    async def quiet(self) -> None:
        """Let what was spawned run until it is over or waits for something outside."""
        for _ in range(20):
            await asyncio.sleep(0)
        if self._failure:
            raise self._failure

    async def cancel(self, name: str) -> None:
        """A person asks for the end of a job."""
        job = await self.job(name)
        by = self.still.now() + self.bounds.grace
        reason = Reason(Cause.CANCELLED, "a person said so")
        await amend(self.jobs, job.id, lambda current: current.ask_cancel(reason, by))

    async def run_to_the_end(self, *jobs: JobPlan) -> dict[str, JobState]:
        """Start the loops, run a pipeline, and sweep until no machine is left."""
        await self.add(*jobs)
        self.spawn(self.launcher.run())
        self.spawn(self.reaper.run())
        try:
            await self._over.wait()
            if self._failure:
                raise self._failure
            while await self.hypervisor.machines():  # noqa: ASYNC110 - virtual time
                await asyncio.sleep(1)
        finally:
            await self.close()
        self.hypervisor.fail_loudly()
        self.left = await self.hypervisor.machines()
        self.ended = {name: await self.job(name) for name in await self.states()}
        return await self.states()

    async def close(self) -> None:
        """Stop what was spawned."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """As a process's task group does."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._failure = error
            self._over.set()

    def _tell(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, JobChanged):
            self.latest[event.after.id] = event.after
        if isinstance(event, JobChanged) and (
            event.before is None
            or event.before.state is not event.after.state
            or event.before.cancel is not event.after.cancel
        ):
            self.launcher.nudge()
            self.reaper.nudge()
            self.sessions.wake()
            if self.jobs.all_over():
                self._over.set()
