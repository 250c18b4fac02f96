"""What an agent says becomes the job's log, steps and verdict: the only one who writes them."""

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from solstice.domain.assigning import Facts, assign
from solstice.domain.assignment import Assignment
from solstice.domain.errors import AuthorMistake
from solstice.domain.event import LogAppended
from solstice.domain.image import ImageMap
from solstice.domain.job import Attempt, Job, JobState, StepRecord, StepState
from solstice.domain.pipeline import Pipeline, needs_for
from solstice.domain.reason import Cause, Reason
from solstice.orchestrator.amend import amend, at_epoch
from solstice.orchestrator.ports import (
    ArtifactStore,
    Clock,
    Jobs,
    LogStore,
    Nudge,
    Secrets,
    SourceBundle,
    Sources,
    Tell,
)
from solstice.orchestrator.settings import Bounds


class Refused(Exception):
    """The credential opens nothing (any more)."""


@dataclass(frozen=True, slots=True)
class Work:
    """Everything an assignment message is made of. ``session`` is the credential, in the clear."""

    assignment: Assignment
    session: str
    secrets: Mapping[str, str]
    bundle: SourceBundle | None
    repo_url: str
    commit: str
    user: str
    log_limit: int
    heartbeat: timedelta


@dataclass(frozen=True, slots=True)
class End:
    """What the agent says became of its job."""

    state: JobState
    reason: str


class Session:
    """One agent's connection for one (job, epoch). Every method raises `Fenced` once that is over."""

    def __init__(self, desk: "Sessions", job: Job, work: Work | None) -> None:
        self._desk = desk
        self._job = job
        self._epoch = job.epoch
        self._renewed = desk.clock.now()
        self.work = work
        """The assignment; ``None`` on a reconnect, where the agent has it already."""
        self.seq = job.attempt.seq if job.attempt else 0
        self.log_end = 0
        self.changed = asyncio.Event()
        """Set when there may be something to tell the agent: an ack, a cancel, the end."""

    @property
    def job(self) -> Job:
        """The job as this session last saw it."""
        return self._job

    async def refresh(self) -> Job:
        """The job as it stands in the store."""
        self._job = await self._desk.jobs.get(self._job.id)
        return self._job

    def is_new(self, seq: int) -> bool:
        """Whether a message still has to be taken; repeats after a reconnect do not."""
        return seq == 0 or seq > self.seq

    async def heartbeat(self) -> None:
        """The agent lives: keep its machine."""
        now = self._desk.clock.now()
        if now - self._renewed < self._desk.bounds.heartbeat / 2:
            return
        ttl = self._desk.bounds.lease

        def renew(job: Job) -> Job | None:
            return job.renew(job.lease.renew(now, ttl)) if job.lease else None

        await self._amend(renew)
        self._renewed = now

    async def append(self, seq: int, step: int, offset: int, data: bytes) -> None:
        """Store log bytes; they are acknowledged once this returns."""
        before = self.log_end
        end = await self._desk.logs.append(self._job.id, self._epoch, offset, data)
        self.log_end, self.seq = end, max(self.seq, seq)
        if end > before:
            fresh = data[max(before - offset, 0) :]
            if self._job.attempt and self._job.attempt.first_byte_at is None and step >= 0:
                await self._note_first_byte()
            self._desk.tell(LogAppended(self._job, before, fresh, step))
        self.changed.set()

    async def _note_first_byte(self) -> None:
        now = self._desk.clock.now()
        await self._note(self.seq, lambda attempt: replace(attempt, first_byte_at=now))

    async def step(self, seq: int, index: int, record: StepRecord) -> None:
        """Keep where a step stands. An index out of range is dropped: the agent may lie about itself only."""

        def keep(attempt: Attempt) -> Attempt:
            if not 0 <= index < len(attempt.steps):
                return attempt
            known = attempt.steps[index]
            kept = replace(
                record,
                name=known.name,
                allow_failure=known.allow_failure,
                log_start=record.log_start if record.state is StepState.RUNNING else known.log_start,
            )
            return replace(attempt, steps=(*attempt.steps[:index], kept, *attempt.steps[index + 1 :]))

        await self._note(seq, keep)

    async def phase(self, seq: int, name: str, duration: timedelta) -> None:
        """Keep how long a named part of the job took."""
        await self._note(seq, lambda attempt: replace(attempt, phases=(*attempt.phases, (name, duration))))

    async def output(self, seq: int, name: str, value: str) -> None:
        """Keep an output; a later one of the same name wins."""
        kept = tuple(pair for pair in self._job.outputs if pair[0] != name)
        await self._amend(lambda job: replace(job, outputs=(*kept, (name, value)), version=job.version + 1))
        self.seq = max(self.seq, seq)
        self.changed.set()

    async def end(self, seq: int, end: End) -> None:
        """Settle the job; its lease is released and its machine is nobody's."""
        now = self._desk.clock.now()
        await self._amend(lambda job: _settle(job, end, now))
        self.seq = max(self.seq, seq)
        self.changed.set()
        self._desk.sweep()
        self._desk.launch()

    async def _note(self, seq: int, change: Callable[[Attempt], Attempt]) -> None:
        def keep(job: Job) -> Job | None:
            if job.attempt is None:
                return None
            changed = change(job.attempt)
            return job.note(replace(changed, seq=max(changed.seq, seq)))

        await self._amend(keep)
        self.seq = max(self.seq, seq)
        self.changed.set()

    async def _amend(self, change: Callable[[Job], Job | None]) -> None:
        self._job = await amend(
            self._desk.jobs, self._job.id, at_epoch(self._epoch, change)
        ) or await self._desk.jobs.get(self._job.id)


class Sessions:
    """The desk agents come to: exchanges tokens for sessions and keeps one session a job."""

    def __init__(
        self,
        *,
        jobs: Jobs,
        logs: LogStore,
        artifacts: ArtifactStore,
        sources: Sources,
        secrets: Secrets,
        images: ImageMap,
        clock: Clock,
        bounds: Bounds,
        tell: Tell,
        sweep: Nudge,
        launch: Nudge,
    ) -> None:
        self.jobs, self.logs, self.artifacts, self.sources = jobs, logs, artifacts, sources
        self.clock, self.bounds, self.tell = clock, bounds, tell
        self.sweep, self.launch = sweep, launch
        self._secrets, self._images = secrets, images
        self._open: dict[str, Session] = {}
        self._artifacts: dict[str, tuple[str, ...]] = {}

    async def begin(self, credential: str) -> Session:
        """Open a session for a token (once) or go on with the session it was exchanged for.

        Raises `Refused` for any other credential, and once the job's epoch is over.
        """
        digest = hashlib.sha256(credential.encode()).hexdigest()
        job = await self.jobs.holder(digest)
        if job is None or job.lease is None:
            raise Refused("unknown or used credential")
        session = await (self._first if job.lease.token == digest else self._again)(job)
        if older := self._open.get(job.id):
            older.changed.set()
        self._open[job.id] = session
        return session

    def is_current(self, session: Session) -> bool:
        """Whether no newer connection of the same agent has taken over."""
        return self._open.get(session.job.id) is session

    def finish(self, session: Session) -> None:
        """The connection is closed."""
        if self.is_current(session):
            del self._open[session.job.id]

    def wake(self) -> None:
        """Something in the store changed: every session looks whether it concerns its agent."""
        for session in self._open.values():
            session.changed.set()

    async def authorised(self, credential: str) -> Job:
        """The job whose session this is; for every call beside the session itself."""
        digest = hashlib.sha256(credential.encode()).hexdigest()
        job = await self.jobs.holder(digest)
        if job is None or job.lease is None or job.lease.session != digest:
            raise Refused("unknown or used credential")
        return job

    def artifacts_of(self, job: Job) -> tuple[str, ...]:
        """The names under which this job may keep files."""
        return self._artifacts.get(job.id, ())

    async def artifact_of(self, job: Job, plan_id: str, name: str) -> AsyncIterator[bytes]:
        """An artifact of a job that ``job`` needs; raises `Refused` for any other."""
        pipeline = await self.jobs.pipeline(job.id)
        for need in pipeline.needs_of(job):
            if need.plan.id == plan_id:
                return self.artifacts.get(need, name)
        raise Refused("not an artifact of a needed job")

    async def _first(self, job: Job) -> Session:
        pipeline = await self.jobs.pipeline(job.id)
        credential = secrets.token_urlsafe(32)
        now = self.clock.now()
        try:
            work = await self._work(job, pipeline, credential)
        except AuthorMistake as mistake:
            reason = Reason(Cause.ASSIGNMENT_FAILED, str(mistake))
            await amend(self.jobs, job.id, lambda current: current.end(JobState.FAILED, reason, now))
            self.sweep()
            raise Refused("the job cannot be assigned") from mistake
        digest = hashlib.sha256(credential.encode()).hexdigest()
        steps = tuple(
            StepRecord(step.name, allow_failure=step.allow_failure) for step in work.assignment.steps
        )
        token = job.lease.token if job.lease else ""

        def exchange(current: Job) -> Job:
            if current.lease is None or current.lease.token != token:
                raise Refused("unknown or used credential")
            lease = replace(current.lease.exchange(digest), expires_at=now + self.bounds.lease)
            return current.run(lease, steps, now)

        running = await amend(self.jobs, job.id, exchange)
        if running is None:
            raise Refused("unknown or used credential")
        return Session(self, running, work)

    async def _again(self, job: Job) -> Session:
        session = Session(self, job, None)
        session.log_end = await self.logs.append(job.id, job.epoch, 0, b"")
        return session

    async def _work(self, job: Job, pipeline: Pipeline, credential: str) -> Work:
        facts = Facts(repo_url=pipeline.repo_url, pipeline_id=pipeline.id, job_id=job.id)
        needs = needs_for(pipeline.needs_of(job))
        assignment = assign(job.plan, pipeline.plan.occasion, pipeline.plan.workflow, needs, facts)
        self._artifacts[job.id] = tuple(artifact.name for artifact in assignment.artifacts)
        checkout = assignment.checkout
        return Work(
            assignment=assignment,
            session=credential,
            secrets=await self._secrets.release(job),
            bundle=await self.sources.bundle(pipeline, checkout) if checkout else None,
            repo_url=pipeline.repo_url,
            commit=pipeline.plan.occasion.sha,
            user=self._images.resolve(job.plan.runs_on).user,
            log_limit=self.bounds.log_limit,
            heartbeat=self.bounds.heartbeat,
        )


def _settle(job: Job, end: End, now: datetime) -> Job:
    if end.state is JobState.SUCCEEDED:
        return job.end(JobState.SUCCEEDED, None, now)
    if end.state is JobState.CANCELLED:
        reason = job.cancel or Reason(Cause.CANCELLED, end.reason or "the agent was told to stop")
        return job.end(JobState.CANCELLED, reason, now)
    return job.fail(end.state, _why(job, end), now)


def _why(job: Job, end: End) -> Reason:
    if end.state is JobState.TIMED_OUT:
        return Reason(Cause.TIMEOUT, end.reason or f"timeout {job.plan.timeout}")
    steps = job.attempt.steps if job.attempt else ()
    bad = (StepState.FAILED, StepState.TIMED_OUT)
    for step in steps:
        if step.state in bad and not step.allow_failure:
            return Reason(Cause.STEP_FAILED, f'step "{step.name}" {step.outcome}')
    if end.reason.startswith("checkout"):
        return Reason(Cause.CHECKOUT_FAILED, end.reason)
    if end.reason.startswith("artifact"):
        return Reason(Cause.ARTIFACT_MISSING, end.reason)
    return Reason(Cause.STEP_FAILED, end.reason or "the job failed")
