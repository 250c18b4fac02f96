"""What is worth a line when a job changes: its moves, its steps, and why it waits."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from solstice.cli.run.amounts import show_bytes, show_duration
from solstice.cli.run.ansi import clean_words
from solstice.cli.run.style import Look, look_of_job, look_of_step
from solstice.domain.event import ArtifactStored, ImageProgress
from solstice.domain.job import Job, JobState, StepRecord, StepState
from solstice.domain.reason import Cause, Fault, Reason

_WORDS = {
    JobState.SUCCEEDED: "succeeded",
    JobState.FAILED: "failed",
    JobState.TIMED_OUT: "timed out",
    JobState.CANCELLED: "cancelled",
    JobState.SKIPPED: "skipped",
}
_CULPRITS = {
    Fault.AUTHOR: "the code or its workflow",
    Fault.INFRASTRUCTURE: "us, not the code",
    Fault.PERSON: "a person",
    Fault.NOBODY: "nobody",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the story: how it looks, what it says."""

    look: Look
    text: str
    is_passing: bool = False
    """Of interest only while it is so: a live view shows it elsewhere."""


def tell_change(before: Job | None, after: Job) -> Iterator[Line]:
    """Give the lines that a change is worth; none for changes nobody waits for."""
    old_steps = before.attempt.steps if before and before.attempt and before.epoch == after.epoch else ()
    if after.attempt:
        for index, step in enumerate(after.attempt.steps):
            was = old_steps[index].state if index < len(old_steps) else StepState.WAITING
            if step.state is not was:
                yield from _tell_step(index, len(after.attempt.steps), step)
    if before is None or before.state is not after.state:
        yield from _tell_move(after)
    elif after.reason and not after.state.is_over and _is_news(before.reason, after.reason):
        yield Line(Look.WAITING, describe_wait(after), is_passing=after.reason.cause is not Cause.RETRY)


def describe_wait(job: Job) -> str:
    """Why a job that could not start yet waits."""
    if job.reason is None:
        return "waits for its turn" if job.state is JobState.QUEUED else "waits"
    if job.reason.cause is Cause.RETRY:
        return f"will be tried again: {clean_words(str(job.reason))}"
    return f"waits: {clean_words(str(job.reason))}"


def describe_end(job: Job) -> str:
    """How a job ended and why, in one phrase."""
    word = _WORDS[job.state]
    why = clean_words(str(job.reason)) if job.reason else ""
    took = f" after {show_duration(run_time(job))}" if run_time(job) else ""
    if job.state in {JobState.SUCCEEDED, JobState.SKIPPED}:
        took = took.replace(" after ", " in ")
    return f"{word}{took}: {why}" if why else f"{word}{took}"


def describe_outcome(step: StepRecord) -> str:
    """How a step ended, with the time it took."""
    took = show_duration(step.duration)
    if step.state is StepState.RUNNING:
        return "was running"
    if step.state is StepState.SUCCEEDED:
        return f"succeeded in {took}"
    if step.state in {StepState.SKIPPED, StepState.CANCELLED}:
        return str(step.state.value)
    allowed = " (allowed to fail)" if step.allow_failure else ""
    return f"{step.outcome} after {took}{allowed}"


def describe_image(event: ImageProgress) -> str:
    """What is being done about an image, and how far it is."""
    text = f"image {clean_words(event.image)}: {clean_words(event.phrase)}"
    if event.total > 0:
        share = min(100 * event.done // event.total, 100)
        return f"{text}, {show_bytes(event.done)} of {show_bytes(event.total)} ({share} %)"
    return f"{text}, {show_bytes(event.done)}" if event.done else text


def describe_artifact(event: ArtifactStored) -> str:
    """What was kept."""
    files = "1 file" if event.files == 1 else f"{event.files} files"
    return f"kept artifact {clean_words(event.name)}: {files}, {show_bytes(event.size)}"


def name_culprit(job: Job) -> str:
    """Whose fault it was that a job ended as it did."""
    return _CULPRITS[job.reason.cause.fault if job.reason else Fault.AUTHOR]


def boot_time(job: Job) -> timedelta | None:
    """From the claim to the agent's hello; ``None`` if it never said hello."""
    if job.attempt is None or job.attempt.hello_at is None:
        return None
    return job.attempt.hello_at - job.attempt.claimed_at


def run_time(job: Job) -> timedelta | None:
    """From the agent's hello to the end; ``None`` if there was none."""
    if job.attempt is None or job.attempt.hello_at is None or job.ended_at is None:
        return None
    return job.ended_at - job.attempt.hello_at


def _is_news(before: Reason | None, after: Reason) -> bool:
    # That a job waits for those it needs is how the plan reads; saying it for each would drown the rest.
    return after.cause is not Cause.NEEDS and (before is None or before.cause is not after.cause)


def _tell_step(index: int, count: int, step: StepRecord) -> Iterator[Line]:
    name = clean_words(step.name)
    look = look_of_step(step.state)
    if step.state is StepState.RUNNING:
        yield Line(look, f"step {index + 1} of {count}: {name}")
    elif step.state is not StepState.WAITING:
        shown = Look.NOTE if look is Look.FAILED and step.allow_failure else look
        yield Line(shown, f"step {index + 1} of {count}: {name} {describe_outcome(step)}")


def _tell_move(job: Job) -> Iterator[Line]:
    if job.state.is_over:
        yield Line(look_of_job(job), describe_end(job))
    elif job.state is JobState.STARTING:
        again = f" (attempt {job.epoch})" if job.epoch > 1 else ""
        yield Line(Look.RUNNING, f"starts a machine for {clean_words(job.image)}{again}", is_passing=True)
    elif job.state is JobState.RUNNING:
        yield Line(Look.RUNNING, f"machine is up after {show_duration(boot_time(job))}")
    elif job.reason and _is_news(None, job.reason):
        yield Line(Look.WAITING, describe_wait(job), is_passing=job.reason.cause is not Cause.RETRY)
