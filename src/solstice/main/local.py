"""The orchestrator wired to this computer alone: a store in memory, files, and a hypervisor here."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from solstice.adapters.artifact_files import FileArtifacts
from solstice.adapters.clock import SystemClock
from solstice.adapters.images.store import ImageStore
from solstice.adapters.log_files import FileLogs
from solstice.adapters.machines.folder import MachineRoot
from solstice.adapters.machines.qemu import QemuHypervisor
from solstice.adapters.machines.sandbox import SandboxHypervisor
from solstice.adapters.memory import MemoryJobs
from solstice.adapters.seed import Seed, make_seed, start_agent_by_cloud_init
from solstice.domain.event import Event, JobChanged, Notice
from solstice.domain.image import Image, ImageMap, ReadyImage
from solstice.domain.job import Job, JobState
from solstice.domain.machine import MachineOrder
from solstice.domain.pipeline import Pipeline
from solstice.domain.reason import Cause, Reason
from solstice.main.keep import KeepFailed
from solstice.main.shipped import shipped_agent
from solstice.orchestrator.amend import amend
from solstice.orchestrator.app import AgentApp
from solstice.orchestrator.launcher import Launcher
from solstice.orchestrator.ports import Hypervisor, Sources
from solstice.orchestrator.reaper import Reaper
from solstice.orchestrator.sessions import Sessions
from solstice.orchestrator.settings import Bounds

CANCEL_GRACE = timedelta(seconds=10)
SWEEP_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class LocalParts:
    """What a local run is made of. ``secrets`` are values by name; ``kept`` is where the machines of
    failed jobs are laid aside, ``None`` to throw them away like all others. ``warm`` restores machines
    from templates instead of booting each, ``rehearse`` lets emulated ones that stand by do a job of
    nobody's."""

    hypervisor: str
    state_dir: Path
    cache_dir: Path
    logs: Path
    artifacts: Path
    streams: Path
    images: ImageMap
    bounds: Bounds
    sources: Sources
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    kept: Path | None = None
    warm: bool = True
    rehearse: bool = True


class GivenSecrets:
    """Secrets from the command line, to the jobs that name them."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    async def release(self, job: Job) -> Mapping[str, str]:
        """Those of the job's names that were given."""
        return {name: self._values[name] for name in job.plan.secrets if name in self._values}


class LocalSystem:
    """Rooms built and running; made by `open_local`."""

    def __init__(self, parts: LocalParts, root: MachineRoot, watch: Callable[[Event], None]) -> None:
        self._root, self._watch = root, watch
        self._tasks: set[asyncio.Task[None]] = set()
        self._over = asyncio.Event()
        self._failure: BaseException | None = None
        self._names: dict[str, str] = {}
        self._loops: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._endpoint = root.path / "grpc"
        self._clock = SystemClock()
        self._jobs = MemoryJobs(self._tell)
        self._logs = FileLogs(parts.logs, self._log_name, durable=False)
        self._machines = hypervisor = self._make_hypervisor(parts)
        self.hypervisor: Hypervisor = (
            KeepFailed(hypervisor, self._jobs, parts.kept, self._tell) if parts.kept else hypervisor
        )
        self._build_rooms(parts, parts.images if parts.hypervisor == "qemu" else without_users(parts.images))

    def _build_rooms(self, parts: LocalParts, images: ImageMap) -> None:
        self._reaper = Reaper(
            jobs=self._jobs,
            hypervisor=self.hypervisor,
            clock=self._clock,
            bounds=parts.bounds,
            launch=lambda: self._launcher.nudge(),
        )
        self._launcher = Launcher(
            jobs=self._jobs,
            images=images,
            hypervisor=self.hypervisor,
            clock=self._clock,
            bounds=parts.bounds,
            spawn=self._spawn,
            sweep=self._reaper.nudge,
        )
        self._sessions = Sessions(
            jobs=self._jobs,
            logs=self._logs,
            artifacts=FileArtifacts(parts.artifacts, parts.streams, self._tell),
            sources=parts.sources,
            secrets=GivenSecrets(parts.secrets),
            images=images,
            clock=self._clock,
            bounds=parts.bounds,
            tell=self._tell,
            sweep=self._reaper.nudge,
            launch=self._launcher.nudge,
        )
        self._app = AgentApp(self._sessions)

    async def carry_out(self, pipeline: Pipeline) -> Pipeline:
        """Run the pipeline to its end and return it as it ended, every machine gone."""
        self._over.clear()
        self._names = {job.id: job.plan.id for job in pipeline.jobs}
        await self._jobs.add(pipeline)
        if pipeline.jobs:
            await self._over.wait()
            if self._failure:
                raise self._failure
            await self._sweep_all()
        return await self._jobs.pipeline(pipeline.jobs[0].id) if pipeline.jobs else pipeline

    async def give_up(self, pipeline: Pipeline) -> Pipeline:
        """End every job now, whatever its machine is doing, and return the pipeline."""
        reason, now = Reason(Cause.INTERRUPTED, "interrupted"), self._clock.now()
        for job in pipeline.jobs:
            await amend(
                self._jobs,
                job.id,
                lambda current: (
                    None if current.state.is_over else current.end(JobState.CANCELLED, reason, now)
                ),
            )
        return await self._jobs.pipeline(pipeline.jobs[0].id)

    def standing(self) -> int:
        """How many machines stand by, ready to be claimed."""
        return self._machines.pool.standing() if isinstance(self._machines, QemuHypervisor) else 0

    async def interrupt(self) -> None:
        """Ask every job to end."""
        reason = Reason(Cause.INTERRUPTED, "interrupted")
        by = self._clock.now() + CANCEL_GRACE
        for pipeline in await self._jobs.pipelines():
            for job in pipeline.jobs:
                if not job.state.is_over:
                    await amend(self._jobs, job.id, lambda current: _ask_cancel(current, reason, by))
        self._wake()

    async def start(self) -> None:
        """Listen for agents; start launcher and reaper."""
        await self._app.start(self._endpoint)
        for run in self._loops:
            self._spawn(run())
        self._spawn(self._launcher.run())
        self._spawn(self._reaper.run())

    async def close(self) -> None:
        """Stop everything, destroy what is left of the machines."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._machines.close()
        await self._app.stop()
        self._logs.close()

    async def _sweep_all(self) -> None:
        # What cannot be swept in time is for `close`, which asks nobody.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SWEEP_SECONDS):
                while await self.hypervisor.machines():
                    await self._reaper.sweep()

    def _make_hypervisor(self, parts: LocalParts) -> QemuHypervisor | SandboxHypervisor:
        def notice(text: str) -> None:
            self._tell(Notice(text))

        def changed() -> None:
            self._reaper.nudge()

        if parts.hypervisor == "sandbox":
            return SandboxHypervisor(
                root=self._root,
                agent=shipped_agent(),
                endpoint=self._endpoint,
                changed=changed,
                notice=notice,
            )
        store = ImageStore(parts.cache_dir / "images")

        async def ready(image: Image) -> ReadyImage:
            return await store.ready(image, self._tell)

        qemu = QemuHypervisor(
            root=self._root,
            ready=ready,
            write_seed=write_seed,
            endpoint=self._endpoint,
            cache_dir=parts.cache_dir,
            changed=changed,
            notice=notice,
            agent=shipped_agent(),
            warm_wait=parts.bounds.boot_limit / 2 if parts.warm else None,
            rehearse=parts.rehearse,
        )
        self._loops.append(qemu.pool.run)
        return qemu

    def _tell(self, event: Event) -> None:
        self._watch(event)
        if isinstance(event, JobChanged):
            before, after = event.before, event.after
            if before is None or before.state is not after.state or before.cancel is not after.cancel:
                self._wake()

    def _wake(self) -> None:
        self._launcher.nudge()
        self._reaper.nudge()
        self._sessions.wake()
        if self._jobs.all_over():
            self._over.set()

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._failure = error
            self._over.set()

    def _log_name(self, job: str) -> str:
        return re.sub(r"[^A-Za-z0-9._-]", "-", self._names.get(job, job))


@asynccontextmanager
async def open_local(parts: LocalParts, watch: Callable[[Event], None]) -> AsyncIterator[LocalSystem]:
    """Build the rooms, sweep what dead runs left, start; at the end leave nothing behind."""
    root = MachineRoot(parts.state_dir)
    swept = await asyncio.to_thread(root.open)
    if swept:
        watch(Notice(f"swept {len(swept)} machines that an earlier process left behind"))
    try:
        system = LocalSystem(parts, root, watch)
        await system.start()
        try:
            yield system
        finally:
            await asyncio.shield(system.close())
    finally:
        await asyncio.to_thread(root.close)


def without_users(images: ImageMap) -> ImageMap:
    """The same images for a sandbox, which has one user and none of the images' own."""
    return replace(images, images={name: replace(image, user="") for name, image in images.images.items()})


def write_seed(path: Path, order: MachineOrder) -> None:
    """The seed CD of a machine: its name, the agent, and how cloud-init starts it."""
    user = ("--user", order.image.user) if order.image.user else ()
    seed = Seed(
        instance_id=order.name,
        hostname=order.name,
        token=order.token or None,
        user_data=start_agent_by_cloud_init(("--channel", order.image.agent_channel, *user)),
    )
    make_seed(path, seed, shipped_agent())


def _ask_cancel(job: Job, reason: Reason, by: datetime) -> Job | None:
    return None if job.state.is_over else job.ask_cancel(reason, by)
