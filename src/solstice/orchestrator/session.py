"""One agent's connection: what it says becomes its job's log, steps and verdict."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from solstice.domain.assignment import Assignment
from solstice.domain.event import LogAppended
from solstice.domain.job import Attempt, Job, JobState, StepRecord, StepState
from solstice.domain.reason import Cause, Reason
from solstice.orchestrator.amend import amend, at_epoch
from solstice.orchestrator.ports import SourceBundle

if TYPE_CHECKING:
    from solstice.orchestrator.sessions import Sessions

MARKER_BYTES = 64 * 1024
"""Room beyond a log's limit for the line that says it was reached."""
MOST_PHASES = 100
OUTPUT_BYTES = 1024 * 1024


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

    @property
    def is_over(self) -> bool:
        """Whether its agent has nothing left to do: the job is settled, or another's by now."""
        return self._job.state is not JobState.RUNNING or self._job.epoch != self._epoch

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
        """Store log bytes; they are acknowledged once this returns.

        Agents keep to the limit of their assignment by themselves: what is beyond it (and its marker) comes
        from one that lies, and is dropped.
        """
        at_epoch(self._epoch, lambda job: None)(await self.refresh())
        data = data[: max(0, self._desk.bounds.log_limit + MARKER_BYTES - offset)]
        before = self.log_end
        end = await self._desk.logs.append(self._job.id, self._epoch, offset, data)
        # What an older connection's last append made durable is acknowledged when the agent repeats it.
        end = min(end, max(before, offset + len(data)))
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
        """Keep how long a named part of the job took; of more than `MOST_PHASES`, the first."""

        def keep(attempt: Attempt) -> Attempt:
            return replace(attempt, phases=(*attempt.phases, (name, duration))[:MOST_PHASES])

        await self._note(seq, keep)

    async def output(self, seq: int, name: str, value: str) -> None:
        """Keep an output; a later one of the same name wins, one beyond `OUTPUT_BYTES` in all is dropped."""

        def keep(job: Job) -> Job | None:
            others = tuple(pair for pair in job.outputs if pair[0] != name)
            outputs = (*others, (name, value))
            if sum(len(text.encode()) for pair in outputs for text in pair) > OUTPUT_BYTES:
                return None
            return replace(job, outputs=outputs, version=job.version + 1)

        await self._amend(keep)
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
