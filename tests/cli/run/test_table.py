"""The end of a run answers: what failed, whose fault it was, what to do."""

import io
from datetime import timedelta

import pytest

from solstice.cli.run import Given, Summary, make_watcher
from solstice.cli.run.style import measure
from solstice.domain.event import Event
from solstice.domain.job import JobState, StepState
from solstice.domain.plan import Plan
from solstice.domain.reason import Cause, Reason
from tests.cli.run.scenes import Scene, at, failed_run, job_plan, plan_of

END = Summary(False, timedelta(seconds=61.2))


def closing(plan: Plan, events: list[Event], summary: Summary = END, width: int = 0) -> str:
    out = io.BytesIO()
    watcher = make_watcher("quiet", out, plan=plan, width=width)
    for event in events:
        watcher.tell(event)
    watcher.close(summary)
    return out.getvalue().decode()


def test_the_whole_end_of_a_failed_run() -> None:
    plan, events = failed_run()
    given = Given("proj", (("event", "push"),))
    summary = Summary(
        False, timedelta(seconds=61.2), given, "/logs", "/artifacts", {"test-debian-12": "/logs/t.log"}
    )
    assert closing(plan, events, summary) == (
        "  job             image      boot   run  result     why\n"
        "✓ lint            debian-12  4.2s  1.8s  succeeded\n"
        '✕ test-debian-12  debian-12  4.5s   51s  failed     step "unit" exited with 1\n'
        "⊘ publish         –             –     –  skipped    test-debian-12 failed\n"
        "\n"
        '✕ test-debian-12 failed: step "unit" exited with 1\n'
        "  whose fault: the code or its workflow\n"
        "  step 2, unit: exited with 1 after 41s\n"
        + "".join(f"  │ test_{i} passed\n" for i in range(12, 20))
        + "  │ E   ConnectionResetError: [Errno 54]\n"
        "  │ 1 failed\n"
        "  whole log: /logs/t.log\n"
        "  run it again alone:  solstice run proj --job test --matrix os=debian-12 --event push\n"
        "\n"
        "logs:      /logs\n"
        "artifacts: /artifacts\n"
        "✕ did not succeed in 1m 01s: 1 succeeded, 1 failed, 1 skipped\n"
    )


def test_a_success_is_short() -> None:
    lint = job_plan("lint")
    scene = Scene(lint).boot(0).hello(4).begin().step(state=StepState.SUCCEEDED).succeed(6)
    text = closing(plan_of(lint), scene.events, Summary(True, timedelta(seconds=7)))
    assert text.endswith("✓ lint  debian-12  4.0s  2.0s  succeeded\n\n✓ succeeded in 7.0s: 1 succeeded\n")


def test_our_own_fault_is_never_called_the_codes() -> None:
    test = job_plan("test")
    scene = Scene(test).boot()
    scene.become(scene.job.lose(Reason(Cause.KERNEL_PANIC, "kernel panic: no root"), 1, at(9)))
    text = closing(plan_of(test), scene.events)
    assert (
        "⚠ test failed: kernel panic: no root\n  whose fault: us, not the code\n  what to do: run it again"
        in text
    )


def test_a_timeout_names_the_step_it_struck() -> None:
    test = job_plan("test", "quick", "slow")
    scene = Scene(test).boot().hello(1).begin(0).step(0, state=StepState.SUCCEEDED)
    scene.begin(1).log(b"still at it\n", step=1)
    scene.fail(99, Reason(Cause.TIMEOUT, "longer than 1m"), JobState.TIMED_OUT)
    text = closing(plan_of(test), scene.events)
    assert "✕ test timed out: longer than 1m\n" in text
    assert "  step 2, slow: was running\n  │ still at it\n" in text


def test_the_last_lines_are_the_failing_steps_not_those_of_later_steps() -> None:
    test = job_plan("test", "unit", "always")
    scene = Scene(test).boot().hello(1).begin(0).log(b"the culprit\n")
    scene.step(0, state=StepState.FAILED, exit_code=1).begin(1).log(b"cleaning up\n", step=1)
    scene.step(1, state=StepState.SUCCEEDED).fail(9, Reason(Cause.STEP_FAILED))
    text = closing(plan_of(test), scene.events)
    assert "  │ the culprit\n" in text
    assert "cleaning up" not in text


def test_without_a_failing_step_the_last_lines_of_all_are_shown() -> None:
    test = job_plan("test")
    scene = Scene(test).boot().hello(1).log(b"fatal: reference is not a tree\n", step=-1)
    scene.fail(9, Reason(Cause.CHECKOUT_FAILED, "the commit could not be checked out"))
    assert "  │ fatal: reference is not a tree\n" in closing(plan_of(test), scene.events)


def test_cancelled_and_skipped_jobs_are_a_row_and_no_failure() -> None:
    test = job_plan("test")
    scene = Scene(test).boot()
    scene.become(scene.job.end(JobState.CANCELLED, Reason(Cause.INTERRUPTED, "interrupted"), at(3)))
    text = closing(plan_of(test), scene.events)
    assert "■ test  debian-12     –    –  cancelled  interrupted\n" in text
    assert "whose fault" not in text


def test_attempts_are_told() -> None:
    test = job_plan("test", retries=1)
    scene = Scene(test).boot().hello(1)
    scene.fail(2, Reason(Cause.STEP_FAILED, "it failed")).boot(3).hello(4).succeed(5)
    assert "succeeded (attempt 2)\n" in closing(plan_of(test), scene.events)


def test_a_forgiven_failure_is_mentioned() -> None:
    test = job_plan("test", "flaky")
    scene = Scene(test).boot().hello(1).begin()
    scene.step(state=StepState.FAILED, exit_code=1, allow_failure=True).succeed(3)
    assert "succeeded  allowed to fail: flaky\n" in closing(plan_of(test), scene.events)


@pytest.mark.parametrize("width", [100, 70, 60, 50, 44])
def test_the_table_fits_the_terminal(width: int) -> None:
    plan, events = failed_run()
    table, _, _ = closing(plan, events, width=width).partition("\n\n")
    assert max(map(measure, table.splitlines())) <= width
    assert "failed" in table


def test_a_tail_is_bounded_in_lines_and_columns() -> None:
    test = job_plan("test")
    scene = Scene(test).boot().hello(1).begin()
    scene.log(b"line\n" * 1_000 + b"\x1b[31m" + b"x" * 5_000 + b"\n")
    scene.step(state=StepState.FAILED, exit_code=1).fail(9, Reason(Cause.STEP_FAILED))
    shown = [line for line in closing(plan_of(test), scene.events).splitlines() if "│" in line]
    assert len(shown) == 10
    assert len(shown[-1]) < 420
