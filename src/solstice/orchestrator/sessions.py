"""The desk agents come to: a one-use token is exchanged for a session, one session a job."""

import contextlib
import hashlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace

from solstice.domain.assigning import Facts, assign
from solstice.domain.assignment import Assignment
from solstice.domain.errors import AuthorMistake, OperatorMistake
from solstice.domain.image import ImageMap
from solstice.domain.job import Job, JobState, StepRecord
from solstice.domain.pipeline import Pipeline, needs_for
from solstice.domain.reason import Cause, Reason
from solstice.orchestrator.amend import Fenced, amend, at_epoch
from solstice.orchestrator.ports import (
    ArtifactStore,
    Clock,
    Jobs,
    LogStore,
    Nudge,
    Secrets,
    Sources,
    Tell,
)
from solstice.orchestrator.session import Session, Work
from solstice.orchestrator.settings import Bounds
from solstice.wire.agent import REPORTS_ARTIFACT


class Refused(Exception):
    """The credential opens nothing (any more)."""


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

    async def give_up(self, job: Job, error: OperatorMistake) -> None:
        """End a job because this host cannot keep what it brings: on a full disk nobody gains by a retry."""
        text, _, detail = str(error).partition("\n")
        reason = Reason(Cause.INTERNAL, f"{text}; {error.remedy}" if error.remedy else text, detail)
        now = self.clock.now()
        with contextlib.suppress(Fenced):
            ended = at_epoch(job.epoch, lambda current: current.end(JobState.FAILED, reason, now))
            await amend(self.jobs, job.id, ended)
        self.sweep()
        self.launch()

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

    async def artifacts_of(self, job: Job) -> tuple[str, ...]:
        """The names under which this job may keep files."""
        assignment = self._assign(job, await self.jobs.pipeline(job.id))
        names = tuple(artifact.name for artifact in assignment.artifacts)
        return (*names, REPORTS_ARTIFACT) if assignment.reports else names

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
            await self._fail(job, Reason(Cause.ASSIGNMENT_FAILED, str(mistake)))
            raise Refused("the job cannot be assigned") from mistake
        except OperatorMistake as mistake:
            remedy = f"; {mistake.remedy}" if mistake.remedy else ""
            await self._fail(job, Reason(Cause.INTERNAL, f"{mistake}{remedy}"))
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

    async def _fail(self, job: Job, reason: Reason) -> None:
        now = self.clock.now()
        with contextlib.suppress(Fenced):
            await amend(
                self.jobs,
                job.id,
                at_epoch(job.epoch, lambda current: current.end(JobState.FAILED, reason, now)),
            )
        self.sweep()
        self.launch()

    async def _again(self, job: Job) -> Session:
        session = Session(self, job, None)
        session.log_end = await self.logs.append(job.id, job.epoch, 0, b"")
        return session

    async def _work(self, job: Job, pipeline: Pipeline, credential: str) -> Work:
        assignment = self._assign(job, pipeline)
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

    @staticmethod
    def _assign(job: Job, pipeline: Pipeline) -> Assignment:
        facts = Facts(repo_url=pipeline.repo_url, pipeline_id=pipeline.id, job_id=job.id)
        needs = needs_for(pipeline.needs_of(job))
        return assign(job.plan, pipeline.plan.occasion, pipeline.plan.workflow, needs, facts)
