"""A job's moves: which are allowed, and what each leaves behind."""

from dataclasses import replace
from datetime import timedelta

import pytest

from solstice.domain.job import MOVES, IllegalMove, Job, JobState, StepRecord, StepState
from solstice.domain.reason import Cause, Reason
from tests.builders import NOON, job, job_plan, lease, leased_job

WHY = Reason(Cause.STEP_FAILED, 'step "unit" exited with 1')
PERSON = Reason(Cause.CANCELLED, "a person said so")


def move(one: Job, state: JobState) -> Job:
    """The move to ``state``, by whatever makes it."""
    if state is JobState.STARTING:
        return one.claim(lease(one.epoch + 1), "debian-12", NOON)
    if state is JobState.RUNNING:
        return one.run(lease(one.epoch), (), NOON)
    if state is JobState.QUEUED:
        return one.queue()
    return one.skip(WHY, NOON) if state is JobState.SKIPPED else one.end(state, WHY, NOON)


@pytest.mark.parametrize("before", JobState)
@pytest.mark.parametrize("after", [state for state in JobState if state is not JobState.BLOCKED])
def test_a_move_is_made_if_the_table_has_it_and_is_a_bug_if_not(before: JobState, after: JobState) -> None:
    one = job(before)
    if after in MOVES[before]:
        moved = move(one, after)
        assert (moved.state, moved.version) == (after, 1)
    else:
        with pytest.raises(IllegalMove):
            move(one, after)


def test_over_is_what_has_no_move() -> None:
    assert {state for state in JobState if state.is_over} == {
        JobState.SUCCEEDED,
        JobState.FAILED,
        JobState.TIMED_OUT,
        JobState.CANCELLED,
        JobState.SKIPPED,
    }


def test_a_claim_begins_the_next_epoch_afresh() -> None:
    again = replace(job(JobState.QUEUED), epoch=3, outputs=(("a", "1"),))
    claimed = again.claim(lease(4), "debian-12", NOON)
    assert (claimed.epoch, claimed.outputs, claimed.image) == (4, (), "debian-12")
    assert claimed.attempt
    assert claimed.attempt.steps == ()
    for epoch in (3, 5):
        with pytest.raises(IllegalMove):
            again.claim(lease(epoch), "debian-12", NOON)


def test_the_end_releases_the_lease_and_keeps_the_attempt() -> None:
    ended = leased_job(JobState.RUNNING).end(JobState.FAILED, WHY, NOON)
    assert (ended.lease, ended.ended_at, ended.reason) == (None, NOON, WHY)
    assert ended.attempt


@pytest.mark.parametrize(
    ("retries", "failed", "state"), [(0, 0, "failed"), (1, 0, "queued"), (1, 1, "failed")]
)
def test_the_authors_failure_is_retried_as_often_as_he_said(retries: int, failed: int, state: str) -> None:
    one = leased_job(JobState.RUNNING, job_plan(retries=retries), failed=failed)
    after = one.fail(JobState.FAILED, WHY, NOON)
    assert (after.state.value, after.failed, after.lost, after.lease) == (state, failed + 1, 0, None)


@pytest.mark.parametrize(("lost", "state"), [(0, "queued"), (1, "failed")])
def test_a_lost_attempt_costs_the_author_no_retry(lost: int, state: str) -> None:
    after = leased_job(JobState.RUNNING, lost=lost).lose(WHY, 2, NOON)
    assert (after.state.value, after.failed, after.lost, after.lease) == (state, 0, lost + 1, None)


def test_what_is_to_be_cancelled_is_not_tried_again() -> None:
    wished = leased_job(JobState.RUNNING, job_plan(retries=5)).ask_cancel(PERSON, NOON)
    assert wished.lose(WHY, 9, NOON).state is JobState.CANCELLED
    assert wished.lose(WHY, 9, NOON).reason == PERSON
    assert wished.fail(JobState.FAILED, WHY, NOON).state is JobState.FAILED


def test_the_first_wish_to_cancel_counts() -> None:
    wished = leased_job(JobState.RUNNING).ask_cancel(PERSON, NOON)
    assert wished.ask_cancel(WHY, NOON + timedelta(hours=1)) is wished


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (StepRecord("a", StepState.FAILED, exit_code=3), "exited with 3"),
        (StepRecord("a", StepState.FAILED, exit_code=137, signal=9), "was killed by signal 9"),
        (StepRecord("a", StepState.TIMED_OUT, signal=15), "timed out"),
    ],
)
def test_how_a_step_ended_is_said_in_words(record: StepRecord, words: str) -> None:
    assert record.outcome == words


@pytest.mark.parametrize(
    ("state", "result"),
    [("succeeded", "success"), ("cancelled", "cancelled"), ("skipped", "skipped"), ("timed_out", "failure")],
)
def test_the_result_is_what_expressions_see(state: str, result: str) -> None:
    assert job(JobState(state)).result == result
