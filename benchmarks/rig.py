"""The program itself as the subject: a local system in this process, its jobs, and when things happened."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psutil

from solstice.adapters.clock import SystemClock
from solstice.adapters.machines.folder import processes_in
from solstice.domain.errors import Transient
from solstice.domain.event import Event, LogAppended, Notice
from solstice.domain.image import ImageMap
from solstice.domain.job import Attempt, Job, JobState
from solstice.domain.pipeline import Pipeline
from solstice.domain.plan import Checkout, JobPlan, Network, Occasion, Plan, StepPlan, Template
from solstice.main.local import LocalParts, LocalSystem, open_local
from solstice.main.running import make_bounds, make_pipeline
from solstice.main.settings import Settings
from solstice.orchestrator.ports import SourceBundle

MOST_AT_ONCE = 16
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A running machine of the program's, as its floors are to be built: the same command, the same disk."""

    command: tuple[str, ...]
    backing: Path
    """What its disk is an overlay of; for a restored machine, the template's disk."""
    backing_format: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """One pipeline's jobs as they ended, and the seconds from the first claim until no machine was left."""

    jobs: tuple[Job, ...]
    gone: float

    @property
    def attempt(self) -> Attempt:
        """The first job's."""
        return _attempt(self.jobs[0])

    @property
    def first_byte(self) -> float:
        """Seconds from the first claim until every job had shown a byte of its first step."""
        claimed = min(_attempt(job).claimed_at for job in self.jobs)
        shown = [_attempt(job).first_byte_at or claimed for job in self.jobs]
        return (max(shown) - claimed).total_seconds()

    @property
    def phases(self) -> dict[str, float]:
        """The first job's named parts, in seconds."""
        return {name: duration.total_seconds() for name, duration in self.attempt.phases}


class Sources:
    """Gives every job that checks out the one bundle it was given."""

    given: SourceBundle | None = None

    async def bundle(self, pipeline: Pipeline, checkout: Checkout) -> SourceBundle | None:
        """That one."""
        return self.given


class Rig:
    """Runs pipelines on one `LocalSystem`; ``listeners`` hear every event at once."""

    def __init__(self, state: Path) -> None:
        self.system: LocalSystem
        self.sources = Sources()
        self.listeners: list[Callable[[Event], None]] = []
        self.notices: list[str] = []
        self.accelerator = ""
        self._state = state
        self._sighting: Sighting | None = None

    def watch(self, event: Event) -> None:
        """Hear an event of the system."""
        if isinstance(event, Notice):
            self.notices.append(event.text)
        for listener in self.listeners:
            listener(event)

    async def run(self, *jobs: JobPlan, way: str = "") -> Outcome:
        """Run a pipeline of these jobs to its end; `Transient` if one fails or comes another ``way``."""
        pipeline = make_pipeline(self.plan(*jobs), "", SystemClock().now())
        ended = await self.system.carry_out(pipeline)
        now = SystemClock().now()
        for job in ended.jobs:
            if job.state is not JobState.SUCCEEDED:
                raise Transient(f"job {job.plan.id} {job.state.value}: {job.reason}")
            if way and _attempt(job).way != way:
                raise Transient(f"its machine came {_attempt(job).way}, not {way}: {self._last_notice()}")
        claimed = min(_attempt(job).claimed_at for job in ended.jobs)
        return Outcome(ended.jobs, (now - claimed).total_seconds())

    async def sight(self, way: str) -> Sighting:
        """How the program starts a machine; looked at once, while a job runs on one."""
        if self._sighting is None:
            seen: list[asyncio.Future[Sighting]] = []

            def look(event: Event) -> None:
                if isinstance(event, LogAppended) and event.step == 0 and not seen:
                    seen.append(asyncio.ensure_future(asyncio.to_thread(self._look, event.job)))

            self.listeners.append(look)
            try:
                await self.run(make_job("echo here; sleep 3"), way=way)
            finally:
                self.listeners.remove(look)
            self._sighting = await seen[0]
        return self._sighting

    def _look(self, job: Job) -> Sighting:
        (folder,) = self._state.glob(f"machines/*/{job.machine}")
        commands = [process.cmdline() for process in processes_in(folder)]
        command = next(words for words in commands if Path(words[0]).name.startswith("qemu-system"))
        self.accelerator = command[command.index("-accel") + 1].partition(",")[0]
        asked = ("qemu-img", "info", "-U", "--output=json", str(folder / "disk.qcow2"))
        disk: Any = json.loads(subprocess.run(asked, check=True, capture_output=True).stdout)
        return Sighting(tuple(command), Path(disk["full-backing-filename"]), disk["backing-filename-format"])

    def plan(self, *jobs: JobPlan) -> Plan:
        """A plan of these jobs for the commit that is given to those that check out."""
        sha = self.sources.given.commit if self.sources.given else ""
        return Plan("bench", Occasion("push", sha=sha, ref="refs/heads/main", branch="main"), jobs)

    def read_log(self, outcome: Outcome) -> str:
        """What the first job printed."""
        return (self._state / "logs" / f"{outcome.jobs[0].plan.id}.log").read_text()

    async def await_standing(self, count: int) -> list[psutil.Process]:
        """The QEMU processes of machines that stand by, once there are so many."""
        while True:
            if self.system.standing() >= count:
                return await asyncio.to_thread(self._standing)
            await asyncio.sleep(0.1)

    def _standing(self) -> list[psutil.Process]:
        folders = self._state.glob("machines/*/standby-*")
        found = [process for folder in folders for process in processes_in(folder)]
        return [process for process in found if process.name().startswith("qemu-system")]

    def _last_notice(self) -> str:
        return self.notices[-1] if self.notices else "it did not say why"


def make_job(*commands: str, checkout: bool = False) -> JobPlan:
    """A job of these steps with a name of its own and no network."""
    name = f"bench-{next(_numbers)}"
    return JobPlan(
        id=name,
        job=name,
        runs_on="",
        steps=tuple(StepPlan(f"step {n}", run=Template(text)) for n, text in enumerate(commands)),
        checkout=Checkout() if checkout else None,
        network=Network.NONE,
        timeout=timedelta(minutes=10),
    )


@asynccontextmanager
async def open_rig(
    hypervisor: str,
    state: Path,
    cache: Path,
    images: ImageMap,
    settings: Settings,
    *,
    warm: bool,
    rehearse: bool = True,
) -> AsyncIterator[Rig]:
    """A local system with everything in ``state`` and ``cache``, running."""
    rig = Rig(state)
    parts = LocalParts(
        hypervisor=hypervisor,
        state_dir=state,
        cache_dir=cache,
        logs=state / "logs",
        artifacts=state / "artifacts",
        streams=state / "streams",
        images=images,
        bounds=make_bounds(settings, MOST_AT_ONCE),
        sources=rig.sources,
        warm=warm,
        rehearse=rehearse,
    )
    async with open_local(parts, rig.watch) as rig.system:
        yield rig


def _attempt(job: Job) -> Attempt:
    if job.attempt is None:
        raise Transient(f"job {job.plan.id} never had a machine: {job.reason}")
    return job.attempt
