"""One run of a workflow for one commit, and what its jobs' states make of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from solstice.domain.assignment import Need
from solstice.domain.job import Job, JobState, PipelineId
from solstice.domain.plan import Plan
from solstice.domain.reason import Cause, Reason


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A plan being carried out. ``repo_url`` is where its source is cloned from, "" if it travels along."""

    id: PipelineId
    plan: Plan
    jobs: tuple[Job, ...]
    repo_url: str = ""

    @property
    def is_over(self) -> bool:
        """Whether every job is over."""
        return all(job.state.is_over for job in self.jobs)

    @property
    def succeeded(self) -> bool:
        """Whether every job that ran succeeded."""
        return all(job.state in (JobState.SUCCEEDED, JobState.SKIPPED) for job in self.jobs)

    def needs_of(self, job: Job) -> tuple[Job, ...]:
        """The jobs that ``job`` needs."""
        return tuple(other for other in self.jobs if other.plan.id in job.plan.needs)

    def siblings_of(self, job: Job) -> tuple[Job, ...]:
        """The other jobs of its matrix."""
        return tuple(other for other in self.jobs if other.plan.job == job.plan.job and other.id != job.id)


def needs_for(jobs: Sequence[Job]) -> tuple[Need, ...]:
    """What finished jobs leave for those that need them, one a job id of the file.

    The combinations of a matrix are one need: a failure if any failed, else cancelled, else success if
    any succeeded; the outputs of a matrix cannot be read.
    """
    by_id: dict[str, list[Job]] = {}
    for job in jobs:
        by_id.setdefault(job.plan.job, []).append(job)
    return tuple(_need(name, group) for name, group in by_id.items())


def _need(name: str, group: list[Job]) -> Need:
    results = {job.result for job in group}
    for result in ("failure", "cancelled", "success", "skipped"):
        if result in results:
            break
    alone = group[0] if group[0].plan.matrix is None else None
    return Need(name, result, alone.outputs if alone else ())


def fail_fast(pipeline: Pipeline, job: Job) -> Reason | None:
    """Why ``job`` must end because a sibling in its matrix failed; ``None`` if it need not."""
    if job.plan.matrix is None or not job.plan.matrix.fail_fast:
        return None
    for sibling in pipeline.siblings_of(job):
        if sibling.state in (JobState.FAILED, JobState.TIMED_OUT):
            return Reason(Cause.FAIL_FAST, f"{sibling.plan.id} of the same matrix failed")
    return None
