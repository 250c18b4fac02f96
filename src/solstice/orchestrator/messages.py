"""The domain's values as protobuf messages, and back."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from solstice.domain.assignment import Assignment, CacheAssignment, StepAssignment
from solstice.domain.job import JobState, StepState
from solstice.domain.plan import StepKind
from solstice.wire.agent import messages

if TYPE_CHECKING:
    from solstice.orchestrator.session import Work

_STEP_STATES: dict[int, StepState] = {
    messages.STEP_RESULT_SUCCEEDED: StepState.SUCCEEDED,
    messages.STEP_RESULT_TIMED_OUT: StepState.TIMED_OUT,
    messages.STEP_RESULT_SKIPPED: StepState.SKIPPED,
    messages.STEP_RESULT_CANCELLED: StepState.CANCELLED,
}
_JOB_STATES: dict[int, JobState] = {
    messages.JOB_RESULT_SUCCEEDED: JobState.SUCCEEDED,
    messages.JOB_RESULT_TIMED_OUT: JobState.TIMED_OUT,
    messages.JOB_RESULT_CANCELLED: JobState.CANCELLED,
}


def step_state(result: int) -> StepState:
    """A result as a state; one we do not know is a failure."""
    return _STEP_STATES.get(result, StepState.FAILED)


def job_state(result: int) -> JobState:
    """A result as a state; one we do not know is a failure."""
    return _JOB_STATES.get(result, JobState.FAILED)


def assignment_message(work: "Work") -> Any:
    """What the agent is told to do."""
    assignment = work.assignment
    return messages.Assignment(
        job=assignment.job,
        session=work.session,
        steps=[_step(step) for step in assignment.steps],
        env=dict(assignment.env),
        secrets=dict(work.secrets),
        source=_source(work, assignment),
        timeout_ms=_milliseconds(assignment.timeout),
        artifacts=[messages.Artifact(name=kept.name, paths=kept.paths) for kept in assignment.artifacts],
        fetches=[
            messages.Fetch(artifact=fetch.artifact, job=fetch.job, folder=fetch.folder)
            for fetch in assignment.fetches
        ],
        caches=[_cache(cache) for cache in assignment.caches],
        reports=assignment.reports,
        log_limit_bytes=work.log_limit,
        heartbeat_ms=_milliseconds(work.heartbeat),
        user=work.user,
    )


def _step(step: StepAssignment) -> Any:
    return messages.Step(
        name=step.name,
        setup=step.kind is StepKind.SETUP,
        run=step.run or "",
        path=step.path or "",
        shell=step.shell or "",
        timeout_ms=_milliseconds(step.timeout),
        allow_failure=step.allow_failure,
        on_success=step.on_success,
        on_failure=step.on_failure,
        on_cancel=step.on_cancel,
        env=dict(step.env),
    )


def _source(work: "Work", assignment: Assignment) -> Any:
    checkout, bundle = assignment.checkout, work.bundle
    if checkout is None:
        return messages.Source()
    source = messages.Source(
        commit=bundle.commit if bundle else work.commit,
        submodules=checkout.submodules,
        lfs=checkout.lfs,
        depth=checkout.depth,
    )
    if bundle:
        source.bundle.CopyFrom(
            messages.BundleSource(
                size=bundle.size, sha256=bundle.sha256, ref=bundle.ref, shallow=bundle.shallow
            )
        )
    else:
        source.git.CopyFrom(messages.GitSource(url=work.repo_url))
    return source


def _cache(cache: CacheAssignment) -> Any:
    parts = [messages.KeyPart(literal=part.literal, globs=part.globs) for part in cache.key]
    return messages.Cache(key=parts, restore=cache.restore, paths=cache.paths)


def _milliseconds(duration: timedelta | None) -> int:
    return round(duration.total_seconds() * 1000) if duration else 0
