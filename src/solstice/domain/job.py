"""A job: its states, the moves between them, and what each move leaves behind."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import NewType

from solstice.domain.lease import Lease
from solstice.domain.plan import JobPlan
from solstice.domain.reason import Cause, Reason

JobId = NewType("JobId", str)
"""Unique everywhere: 32 hexadecimal digits."""
PipelineId = NewType("PipelineId", str)


class JobState(Enum):
    """Where a job stands."""

    BLOCKED = "blocked"
    """Waits for needs, a gate or a trust approval."""
    QUEUED = "queued"
    """May start when there is room."""
    STARTING = "starting"
    """Leased (epoch n); its machine is coming up."""
    RUNNING = "running"
    """Its agent has the assignment."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def is_over(self) -> bool:
        """Whether nothing can happen to the job any more."""
        return not MOVES[self]


_S = JobState
MOVES: dict[JobState, frozenset[JobState]] = {
    _S.BLOCKED: frozenset({_S.QUEUED, _S.SKIPPED, _S.CANCELLED, _S.FAILED}),
    _S.QUEUED: frozenset({_S.STARTING, _S.CANCELLED, _S.FAILED}),
    _S.STARTING: frozenset({_S.RUNNING, _S.QUEUED, _S.FAILED, _S.CANCELLED, _S.TIMED_OUT}),
    _S.RUNNING: frozenset({_S.SUCCEEDED, _S.FAILED, _S.TIMED_OUT, _S.CANCELLED, _S.QUEUED}),
    _S.SUCCEEDED: frozenset(),
    _S.FAILED: frozenset(),
    _S.TIMED_OUT: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.SKIPPED: frozenset(),
}
"""Which state may follow which; over is over."""


class IllegalMove(Exception):
    """Code asked for a move that `MOVES` does not allow: a bug, never a user's doing."""


class StepState(Enum):
    """Where a step of the current attempt stands."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class StepRecord:
    """What is known of one step: its result and where its output stands in the job's log (bytes)."""

    name: str
    state: StepState = StepState.WAITING
    exit_code: int = 0
    signal: int = 0
    duration: timedelta = timedelta()
    peak_memory: int = 0
    """Bytes; 0 if unknown."""
    log_start: int = 0
    log_end: int = 0
    allow_failure: bool = False

    @property
    def outcome(self) -> str:
        """How it ended, in words: ``exited with 1``, ``was killed by signal 9``, ``timed out``."""
        if self.state is StepState.TIMED_OUT:
            return "timed out"
        if self.signal:
            return f"was killed by signal {self.signal}"
        return f"exited with {self.exit_code}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the current epoch has brought so far; a new lease starts a new one.

    ``phases`` are the named parts of the attempt with their durations, in order: ``overlay``,
    ``seed``, ``boot`` (claim to hello), ``checkout``, ``artifacts``, …
    """

    claimed_at: datetime
    hello_at: datetime | None = None
    first_byte_at: datetime | None = None
    phases: tuple[tuple[str, timedelta], ...] = ()
    steps: tuple[StepRecord, ...] = ()
    seq: int = 0
    """The last of the agent's messages that was taken."""
    machine: str = ""
    way: str = ""
    """How the machine came: ``cold``, ``restored`` or ``pooled``."""

    def with_boot(self, way: str, phases: tuple[tuple[str, timedelta], ...]) -> "Attempt":
        """Keep how the machine came up, before whatever the agent has reported since."""
        return replace(self, way=way, phases=phases + self.phases)


@dataclass(frozen=True, slots=True)
class Job:
    """One job of a pipeline, as the store holds it.

    ``version`` counts the writes: a store replaces a job only by a successor of what it holds.
    """

    id: JobId
    pipeline: PipelineId
    plan: JobPlan
    state: JobState
    created_at: datetime
    version: int = 0
    epoch: int = 0
    lost: int = 0
    """Attempts that ended through our fault."""
    failed: int = 0
    """Attempts that ended through the author's."""
    reason: Reason | None = None
    lease: Lease | None = None
    attempt: Attempt | None = None
    outputs: tuple[tuple[str, str], ...] = ()
    cancel: Reason | None = None
    """Somebody wants it cancelled; acted on by whoever moves the job."""
    cancel_by: datetime | None = None
    """When the host ends it if the agent has not."""
    ended_at: datetime | None = None
    image: str = ""
    """The image its label was resolved to, once claimed."""

    @property
    def machine(self) -> str:
        """The machine of the last attempt, there or gone; "" before the first."""
        return self.attempt.machine if self.attempt else ""

    @property
    def result(self) -> str:
        """What ``needs.<id>.result`` says: success, failure, cancelled or skipped."""
        return {
            JobState.SUCCEEDED: "success",
            JobState.CANCELLED: "cancelled",
            JobState.SKIPPED: "skipped",
        }.get(self.state, "failure")

    def _move(self, state: JobState, reason: Reason | None) -> "Job":
        if state not in MOVES[self.state]:
            raise IllegalMove(f"job {self.id}: {self.state.value} cannot become {state.value}")
        return replace(self, state=state, reason=reason, version=self.version + 1)

    def wait(self, reason: Reason) -> "Job":
        """Note why it waits; the state stays."""
        return replace(self, reason=reason, version=self.version + 1)

    def queue(self) -> "Job":
        """Its needs are met."""
        return self._move(JobState.QUEUED, None)

    def skip(self, reason: Reason, now: datetime) -> "Job":
        """It will not run."""
        return replace(self._move(JobState.SKIPPED, reason), ended_at=now)

    def claim(self, lease: Lease, image: str, now: datetime) -> "Job":
        """Take a machine for it; the lease's epoch must be the next one."""
        if lease.epoch != self.epoch + 1:
            raise IllegalMove(f"job {self.id}: epoch {lease.epoch} does not follow {self.epoch}")
        return replace(
            self._move(JobState.STARTING, None),
            lease=lease,
            epoch=lease.epoch,
            attempt=Attempt(claimed_at=now, machine=lease.machine),
            outputs=(),
            image=image,
        )

    def run(self, lease: Lease, steps: tuple[StepRecord, ...], now: datetime) -> "Job":
        """Its agent said hello and gets the assignment."""
        attempt = replace(self.attempt or Attempt(claimed_at=now), hello_at=now, steps=steps)
        return replace(self._move(JobState.RUNNING, None), lease=lease, attempt=attempt)

    def note(self, attempt: Attempt) -> "Job":
        """Keep what the agent reported."""
        return replace(self, attempt=attempt, version=self.version + 1)

    def renew(self, lease: Lease) -> "Job":
        """Keep its machine longer."""
        return replace(self, lease=lease, version=self.version + 1)

    def ask_cancel(self, reason: Reason, by: datetime) -> "Job":
        """Wish for its end, at the latest ``by`` then; the first wish counts."""
        if self.cancel:
            return self
        return replace(self, cancel=reason, cancel_by=by, version=self.version + 1)

    def end(self, state: JobState, reason: Reason | None, now: datetime) -> "Job":
        """It is over: its lease is released."""
        return replace(self._move(state, reason), lease=None, ended_at=now)

    def fail(self, state: JobState, reason: Reason, now: datetime) -> "Job":
        """An attempt failed through the author's fault: another one if ``retries`` allow it."""
        failed = replace(self, failed=self.failed + 1)
        if failed.failed <= self.plan.retries and self.cancel is None:
            return replace(failed._move(JobState.QUEUED, Reason(Cause.RETRY, str(reason))), lease=None)
        return failed.end(state, reason, now)

    def lose(self, reason: Reason, max_lost: int, now: datetime) -> "Job":
        """An attempt ended through our fault: queued again while fewer than ``max_lost`` were lost."""
        lost = replace(self, lost=self.lost + 1)
        if self.cancel is not None:
            return lost.end(JobState.CANCELLED, self.cancel, now)
        if lost.lost < max_lost:
            return replace(lost._move(JobState.QUEUED, Reason(Cause.RETRY, str(reason))), lease=None)
        return lost.end(JobState.FAILED, reason, now)
