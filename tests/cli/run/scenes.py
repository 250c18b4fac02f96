"""Builds plans, jobs and the events of a run by hand, as short as a test wants to read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from solstice.domain.event import Event, JobChanged, LogAppended
from solstice.domain.job import Job, JobId, JobState, PipelineId, StepRecord, StepState
from solstice.domain.lease import Lease, MachineName
from solstice.domain.plan import JobPlan, MatrixPlan, Occasion, Plan, Scalar, StepPlan, Template
from solstice.domain.reason import Cause, Reason

START = datetime(2026, 1, 2, 3, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """An instant of the scene."""
    return START + timedelta(seconds=seconds)


def job_plan(
    job: str, *steps: str, needs: tuple[str, ...] = (), retries: int = 0, **matrix: Scalar
) -> JobPlan:
    """A job whose plan id is made of its id and its matrix's values."""
    return JobPlan(
        id="-".join([job, *(str(value) for value in matrix.values())]),
        job=job,
        runs_on="debian-12",
        steps=tuple(StepPlan(name, run=Template(name)) for name in steps or ("unit",)),
        matrix=MatrixPlan(tuple(matrix.items())) if matrix else None,
        needs=needs,
        needs_jobs=needs,
        retries=retries,
    )


def plan_of(*jobs: JobPlan) -> Plan:
    """A plan for a push."""
    return Plan("checks", Occasion("push", sha="a1b9c0"), jobs)


class Scene:
    """One job as it lives, leaving an event behind each time something happens to it."""

    def __init__(self, plan: JobPlan) -> None:
        self.events: list[Event] = []
        waits = bool(plan.needs)
        state = JobState.BLOCKED if waits else JobState.QUEUED
        reason = Reason(Cause.NEEDS, f"needs {', '.join(plan.needs)}") if waits else None
        self.job = Job(JobId("0" * 32), PipelineId("1" * 32), plan, state, START, reason=reason)
        self.events.append(JobChanged(None, self.job))
        self._offset = 0

    def become(self, after: Job) -> "Scene":
        """Change to another job value."""
        self.events.append(JobChanged(self.job, after))
        self.job = after
        return self

    def boot(self, seconds: float = 0, image: str = "debian-12") -> "Scene":
        """A machine is being made for it."""
        lease = Lease(MachineName("m"), self.job.epoch + 1, at(9_999), "")
        self._offset = 0
        return self.become(self.job.claim(lease, image, at(seconds)))

    def hello(self, seconds: float) -> "Scene":
        """Its agent said hello."""
        assert self.job.lease
        steps = tuple(StepRecord(step.name) for step in self.job.plan.steps)
        return self.become(self.job.run(self.job.lease, steps, at(seconds)))

    def begin(self, index: int = 0) -> "Scene":
        """A step starts."""
        return self.step(index, state=StepState.RUNNING)

    def step(self, index: int = 0, seconds: float = 0, **changes: object) -> "Scene":
        """A step's record changes."""
        assert self.job.attempt
        steps = list(self.job.attempt.steps)
        steps[index] = replace(steps[index], duration=timedelta(seconds=seconds), **changes)  # type: ignore[arg-type]
        return self.become(self.job.note(replace(self.job.attempt, steps=tuple(steps))))

    def log(self, data: bytes, step: int = 0) -> "Scene":
        """Bytes arrive in its log."""
        self.events.append(LogAppended(self.job, self._offset, data, step))
        self._offset += len(data)
        return self

    def succeed(self, seconds: float) -> "Scene":
        """It ended well."""
        return self.become(self.job.end(JobState.SUCCEEDED, None, at(seconds)))

    def fail(self, seconds: float, reason: Reason, state: JobState = JobState.FAILED) -> "Scene":
        """It ended through the author's fault."""
        return self.become(self.job.fail(state, reason, at(seconds)))

    def skip(self, reason: Reason) -> "Scene":
        """It will not run."""
        return self.become(self.job.skip(reason, at(0)))


def failed_run() -> tuple[Plan, list[Event]]:
    """A lint that succeeds, a test whose second step fails, and a publish that is therefore skipped."""
    lint = job_plan("lint", "ruff check .")
    test = job_plan("test", "setup", "unit", os="debian-12")
    publish = job_plan("publish", "twine upload", needs=("lint", "test-debian-12"))
    plan = plan_of(lint, test, publish)
    a, b, c = Scene(lint), Scene(test), Scene(publish)
    a.boot(0).hello(4.2).begin().log(b"All checks passed!\n")
    a.step(state=StepState.SUCCEEDED, seconds=1.25).succeed(6)
    b.boot(0.5).hello(5).begin(0).log(b"ready\n").step(0, state=StepState.SUCCEEDED, seconds=9)
    b.begin(1).log("".join(f"test_{i} passed\n" for i in range(20)).encode(), step=1)
    b.log(b"\x1b[31mE   ConnectionResetError: [Errno 54]\x1b[0m\n1 failed", step=1)
    b.step(1, state=StepState.FAILED, seconds=41, exit_code=1)
    b.fail(56, Reason(Cause.STEP_FAILED, 'step "unit" exited with 1'))
    c.skip(Reason(Cause.NEEDS_NOT_MET, "test-debian-12 failed"))
    return plan, [*a.events, *b.events, *c.events]
