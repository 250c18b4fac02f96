"""What the states of a pipeline's jobs come to."""

from dataclasses import replace

import pytest

from solstice.domain.job import Job, JobState
from solstice.domain.pipeline import Pipeline, fail_fast, needs_for
from solstice.domain.plan import JobPlan
from solstice.domain.reason import Cause
from tests import builders
from tests.builders import job_plan, matrix_plans

S = JobState


def pipeline(plans: tuple[JobPlan, ...], *states: JobState) -> Pipeline:
    made = builders.pipeline(*plans)
    jobs = tuple(replace(job, state=state) for job, state in zip(made.jobs, states, strict=True))
    return replace(made, jobs=jobs)


@pytest.mark.parametrize(
    ("states", "over", "succeeded"),
    [
        ((S.SUCCEEDED, S.SKIPPED), True, True),
        ((S.SUCCEEDED, S.FAILED), True, False),
        ((S.SUCCEEDED, S.CANCELLED), True, False),
        ((S.SUCCEEDED, S.RUNNING), False, False),
        ((), True, True),
    ],
)
def test_a_pipeline_is_over_when_its_jobs_are(states: tuple[S, ...], over: bool, succeeded: bool) -> None:
    one = pipeline(tuple(job_plan(f"j{number}") for number in range(len(states))), *states)
    assert (one.is_over, one.succeeded) == (over, succeeded)


@pytest.mark.parametrize(
    ("states", "result"),
    [
        ((S.SUCCEEDED, S.FAILED, S.CANCELLED), "failure"),
        ((S.SUCCEEDED, S.TIMED_OUT, S.SKIPPED), "failure"),
        ((S.SUCCEEDED, S.CANCELLED, S.SKIPPED), "cancelled"),
        ((S.SUCCEEDED, S.SUCCEEDED, S.SKIPPED), "success"),
        ((S.SKIPPED, S.SKIPPED, S.SKIPPED), "skipped"),
    ],
)
def test_the_combinations_of_a_matrix_are_one_need(states: tuple[S, ...], result: str) -> None:
    jobs = pipeline(matrix_plans("x", "y", "z"), *states).jobs
    with_outputs = [replace(job, outputs=(("a", "1"),)) for job in jobs]
    (need,) = needs_for(with_outputs)
    assert (need.job, need.result, need.outputs) == ("test", result, ())


def test_outputs_of_a_job_alone_are_handed_on() -> None:
    job: Job = builders.job(S.SUCCEEDED, outputs=(("version", "1.2"),))
    (need,) = needs_for([job])
    assert need.outputs == (("version", "1.2"),)


@pytest.mark.parametrize(
    ("state", "rule", "ends"),
    [(S.FAILED, True, True), (S.TIMED_OUT, True, True), (S.CANCELLED, True, False), (S.FAILED, False, False)],
)
def test_a_failure_ends_siblings_only_where_the_matrix_says_so(state: S, rule: bool, ends: bool) -> None:
    one = pipeline((*matrix_plans("x", "y", fail_fast=rule), job_plan("other")), state, S.RUNNING, S.RUNNING)
    reason = fail_fast(one, one.jobs[1])
    assert (reason is not None) == ends
    assert reason is None or reason.cause is Cause.FAIL_FAST
    assert fail_fast(one, one.jobs[2]) is None
