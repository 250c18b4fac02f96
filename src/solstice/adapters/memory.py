"""The jobs of one process, held in memory: the store of a local run, which starts from nothing each time."""

from collections.abc import Callable
from dataclasses import replace

from solstice.domain.event import Event, JobChanged
from solstice.domain.job import Job, JobId
from solstice.domain.lease import MachineName
from solstice.domain.pipeline import Pipeline


class MemoryJobs:
    """Pipelines in a dictionary; every write is told to ``tell``."""

    def __init__(self, tell: Callable[[Event], None]) -> None:
        self._tell = tell
        self._pipelines: dict[str, Pipeline] = {}
        self._jobs: dict[JobId, Job] = {}

    async def add(self, pipeline: Pipeline) -> None:
        """Take a new pipeline with its jobs."""
        self._pipelines[pipeline.id] = pipeline
        for job in pipeline.jobs:
            self._jobs[job.id] = job
            self._tell(JobChanged(None, job))

    async def pipelines(self) -> tuple[Pipeline, ...]:
        """Those not over, oldest first."""
        current = (self._current(pipeline) for pipeline in self._pipelines.values())
        return tuple(pipeline for pipeline in current if not pipeline.is_over)

    async def get(self, job: JobId) -> Job:
        """The job as it stands."""
        return self._jobs[job]

    async def pipeline(self, job: JobId) -> Pipeline:
        """The pipeline of a job."""
        return self._current(self._pipelines[self._jobs[job].pipeline])

    async def holder(self, credential: str) -> Job | None:
        """The job whose lease carries this digest."""
        if not credential:
            return None
        for job in self._jobs.values():
            if job.lease and credential in (job.lease.token, job.lease.session):
                return job
        return None

    async def swap(self, before: Job, after: Job) -> bool:
        """Replace ``before`` by ``after`` if nobody was faster."""
        held = self._jobs[before.id]
        if held.version != before.version or after.version <= before.version:
            return False
        self._jobs[after.id] = after
        self._tell(JobChanged(held, after))
        return True

    def of_machine(self, machine: MachineName) -> Job | None:
        """The job that was last given this machine."""
        return next((job for job in self._jobs.values() if job.machine == machine), None)

    def all_over(self) -> bool:
        """Whether no job can change any more."""
        return all(job.state.is_over for job in self._jobs.values())

    def _current(self, pipeline: Pipeline) -> Pipeline:
        return replace(pipeline, jobs=tuple(self._jobs[job.id] for job in pipeline.jobs))
