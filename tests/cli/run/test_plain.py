"""Plain lines: everything in order, nothing forged, nothing that moves."""

import io
import re
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solstice.cli.run import Summary, make_watcher
from solstice.domain.event import ArtifactStored, Event, ImageProgress, Notice, PipelineEnded
from solstice.domain.job import StepState
from solstice.domain.plan import Plan
from solstice.domain.reason import Cause, Reason
from tests.cli.run.scenes import Scene, at, failed_run, job_plan, plan_of
from tests.cli.run.test_ansi import HARMLESS, HOSTILE

END = Summary(False, timedelta(seconds=61.2))


def watch(
    plan: Plan, *events: Event, kind: str = "plain", colour: bool = False, encoding: str = "utf-8"
) -> str:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    watcher = make_watcher(kind, out, plan=plan, colour=colour)  # type: ignore[arg-type]
    for event in events:
        watcher.tell(event)
    watcher.close(END)
    return raw.getvalue().decode(encoding)


def test_a_run_reads_from_top_to_bottom() -> None:
    plan, events = failed_run()
    story, _, _ = watch(plan, *events).partition("\n\n")
    lines = [line for line in story.splitlines() if "_passed" not in line and "] test_" not in line]
    assert lines == [
        "● lint  starts a machine for debian-12",
        "● lint  machine is up after 4.2s",
        "● lint  step 1 of 1: ruff check .",
        "[lint]           All checks passed!",
        "✓ lint  step 1 of 1: ruff check . succeeded in 1.2s",
        "✓ lint  succeeded in 1.8s",
        "● test-debian-12  starts a machine for debian-12",
        "● test-debian-12  machine is up after 4.5s",
        "● test-debian-12  step 1 of 2: setup",
        "[test-debian-12] ready",
        "✓ test-debian-12  step 1 of 2: setup succeeded in 9.0s",
        "● test-debian-12  step 2 of 2: unit",
        "[test-debian-12] E   ConnectionResetError: [Errno 54]",
        "[test-debian-12] 1 failed",
        "✕ test-debian-12  step 2 of 2: unit exited with 1 after 41s",
        '✕ test-debian-12  failed after 51s: step "unit" exited with 1',
        "⊘ publish  skipped: test-debian-12 failed",
    ]


def test_colour_marks_states_and_the_names_of_jobs_and_is_always_closed() -> None:
    plan, events = failed_run()
    text = watch(plan, *events, colour=True)
    assert "\x1b[32m✓\x1b[0m \x1b[38;5;67mlint\x1b[0m  succeeded in 1.8s\n" in text
    assert "\x1b[38;5;67m[lint]\x1b[0m           All checks passed!\n" in text
    for line in text.splitlines():
        assert line.rfind("\x1b[0m") == line.rfind("\x1b")


def test_where_only_ascii_can_be_printed_letters_stand_for_symbols() -> None:
    plan, events = failed_run()
    text = watch(plan, *events, encoding="ascii")
    assert "\n+ lint  succeeded in 1.8s\n" in text
    assert "\nx test-debian-12  failed after 51s" in text
    assert "- publish         -             -     -  skipped" in text
    assert "?" not in text


@settings(deadline=None)
@given(HOSTILE, st.booleans())
def test_no_log_makes_the_output_hold_a_control_sequence(chunks: list[bytes], colour: bool) -> None:
    test = job_plan("test")
    scene = Scene(test).boot().hello(1).begin()
    for chunk in chunks:
        scene.log(chunk)
    scene.step(state=StepState.FAILED, exit_code=1).fail(9, Reason(Cause.STEP_FAILED))
    text = watch(plan_of(test), *scene.events, colour=colour)
    assert HARMLESS.fullmatch(text)
    assert colour or "\x1b" not in text


@settings(deadline=None)
@given(HOSTILE)
def test_no_job_can_forge_a_line_of_ours(chunks: list[bytes]) -> None:
    test = job_plan("test")
    printed = b"".join(chunks) + "\n✓ test  succeeded in 1s\n".encode()
    scene = Scene(test).boot().hello(1).begin().log(printed)
    story, _, _ = watch(plan_of(test), *scene.events).partition("\n\n")
    assert "\n✓" not in story
    assert story.endswith("\n[test] ✓ test  succeeded in 1s")


NASTY = "a\x1b]0;b\x07\x1b[2J\n[lint] c\r\u202ed\x9b1m"


def test_names_phrases_and_reasons_are_as_harmless_as_logs() -> None:
    test = job_plan("test", NASTY)
    scene = Scene(test).boot(image=NASTY).hello(1).begin()
    scene.step(state=StepState.FAILED, exit_code=1).fail(9, Reason(Cause.STEP_FAILED, NASTY))
    more: list[Event] = [
        Notice(NASTY),
        ImageProgress(NASTY, NASTY, 1, 2),
        ArtifactStored(scene.job, NASTY, 1, "00", 1),
        PipelineEnded(False, timedelta()),
    ]
    text = watch(plan_of(test), *scene.events, *more)
    assert re.fullmatch(r"[^\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]*", text)
    assert "\n[lint]" not in text


def test_an_unfinished_line_appears_when_its_step_ends_and_at_the_very_end() -> None:
    test = job_plan("test", "a", "b")
    scene = Scene(test).boot().hello(1).begin(0).log(b"half a line")
    scene.step(0, state=StepState.SUCCEEDED).begin(1).log(b"another", step=1)
    text = watch(plan_of(test), *scene.events)
    assert text.index("[test] half a line\n") < text.index("step 1 of 2: a succeeded")
    assert text.index("step 2 of 2: b") < text.index("[test] another\n")


def test_lines_of_two_jobs_never_mix() -> None:
    one, two = job_plan("one"), job_plan("two")
    a, b = Scene(one).boot().hello(1).begin(), Scene(two).boot().hello(1).begin()
    text = watch(
        plan_of(one, two),
        *a.events,
        *b.events,
        *a.log(b"from the ").events[-1:],
        *b.log(b"from two\n").events[-1:],
        *a.log(b"one\n").events[-1:],
    )
    assert "[two] from two\n[one] from the one\n" in text


def test_a_second_attempt_starts_with_a_fresh_line() -> None:
    test = job_plan("test")
    scene = Scene(test).boot().hello(1).begin().log(b"cut o")
    scene.become(scene.job.lose(Reason(Cause.MACHINE_LOST, "the machine's process ended"), 3, at(5)))
    scene.boot(6).hello(7).begin().log(b"again\n")
    text = watch(plan_of(test), *scene.events)
    assert "[test] cut o\n◷ test  will be tried again: the machine's process ended\n" in text
    assert "● test  starts a machine for debian-12 (attempt 2)\n" in text
    assert "[test] again\n" in text


def test_a_reason_to_wait_is_said_once() -> None:
    test = job_plan("test")
    scene = Scene(test)
    scene.become(scene.job.wait(Reason(Cause.NO_ROOM, "2 of 2 machines are taken")))
    scene.become(scene.job.wait(Reason(Cause.NO_ROOM, "2 of 2 machines are still taken")))
    assert watch(plan_of(test), *scene.events).count("waits") == 1


def test_an_image_on_its_way_takes_a_line_for_each_tenth() -> None:
    news = [ImageProgress("debian-12", "downloading", done * 10**6, 10**8) for done in range(101)]
    text = watch(plan_of(job_plan("test")), *news)
    assert text.count("downloading") == 11
    assert "◷ image debian-12: downloading, 50.0 MB of 100.0 MB (50 %)\n" in text


def test_a_failure_that_is_allowed_is_not_red() -> None:
    test = job_plan("test", "flaky")
    scene = Scene(test).boot().hello(1).begin()
    scene.step(state=StepState.FAILED, exit_code=3, allow_failure=True, seconds=2).succeed(5)
    text = watch(plan_of(test), *scene.events)
    assert "· test  step 1 of 1: flaky exited with 3 after 2.0s (allowed to fail)\n" in text
    assert "✕ test" not in text


def test_quiet_shows_the_table_and_the_failures_only() -> None:
    plan, events = failed_run()
    loud, quiet = watch(plan, *events), watch(plan, *events, kind="quiet")
    assert loud.endswith("\n\n" + quiet)
    assert quiet.startswith("  job             image      boot   run  result     why\n")
    assert "  │ 1 failed\n" in quiet


@pytest.mark.parametrize("kind", ["plain", "json", "quiet", "live"])
def test_a_plain_text_stream_serves_as_well(kind: str) -> None:
    plan, events = failed_run()
    out = io.StringIO()
    watcher = make_watcher(kind, out, plan=plan)  # type: ignore[arg-type]
    for event in events:
        watcher.tell(event)
    watcher.tick(at(1))
    watcher.close(END)
    assert "test-debian-12" in out.getvalue()


@pytest.mark.parametrize(("kind", "left"), [("plain", "[test] half\n"), ("quiet", ""), ("json", '"half"}\n')])
def test_a_run_that_is_abandoned_has_no_table(kind: str, left: str) -> None:
    test = job_plan("test")
    out = io.BytesIO()
    watcher = make_watcher(kind, out, plan=plan_of(test))  # type: ignore[arg-type]
    for event in Scene(test).boot().hello(1).begin().log(b"half").events:
        watcher.tell(event)
    watcher.abandon()
    assert out.getvalue().decode().endswith(left)
    assert "result" not in out.getvalue().decode()
