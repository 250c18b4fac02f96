"""Whole jobs in the zipapp: what the steps do is what the orchestrator hears."""

import asyncio
import time

import grpc
import pytest

from solstice.wire.agent import messages
from tests.agent.scripted_host import TOKEN, ScriptedHost, Transcript, agent, job, run_job, step

SUCCEEDED, FAILED, TIMED_OUT, SKIPPED, CANCELLED = (
    messages.STEP_RESULT_SUCCEEDED,
    messages.STEP_RESULT_FAILED,
    messages.STEP_RESULT_TIMED_OUT,
    messages.STEP_RESULT_SKIPPED,
    messages.STEP_RESULT_CANCELLED,
)


def results(heard: Transcript) -> list[int]:
    return [finished.result for finished in heard.steps]


async def test_a_job_of_steps_runs_in_order_and_says_how_it_ended() -> None:
    heard = await run_job(job(step("echo one"), step("echo two; echo three >&2")), forked=False)
    assert bytes(heard.log) == b"one\ntwo\nthree\n"
    assert heard.step_log(1) == b"two\nthree\n"
    assert results(heard) == [SUCCEEDED, SUCCEEDED]
    assert heard.end.result == messages.JOB_RESULT_SUCCEEDED
    assert heard.credentials == [f"Bearer {TOKEN}"]
    assert heard.hellos[0].cpus > 0


async def test_conditions_decide_which_steps_run_after_a_failure() -> None:
    heard = await run_job(
        job(
            step("false", allow_failure=True),
            step("exit 7"),
            step("echo never"),
            step("echo cleaning up", on_failure=True),
            step("echo only for the cancelled", on_success=False, on_cancel=True),
        )
    )
    assert results(heard) == [FAILED, FAILED, SKIPPED, SUCCEEDED, SKIPPED]
    assert heard.steps[1].exit_code == 7
    assert bytes(heard.log) == b"cleaning up\n"
    assert heard.end.result == messages.JOB_RESULT_FAILED
    assert heard.end.reason == ""


async def test_no_step_runs_on_a_machine_whose_setup_failed() -> None:
    heard = await run_job(job(step("exit 3", setup=True), step("echo never", on_failure=True)))
    assert results(heard) == [FAILED, SKIPPED]
    assert heard.end.result == messages.JOB_RESULT_FAILED


async def test_a_step_has_a_clean_environment_with_what_it_was_given() -> None:
    probe = "env; test ! -t 0; pwd; cat"
    given = {"env": {"A": "job", "B": "job"}, "secrets": {"KEY": "hush-hush"}}
    heard = await run_job(job(step(probe, env={"B": "a step's = with \n a newline"}), **given))
    text = heard.log.decode()
    for line in ("CI=true", "SOLSTICE=true", "A=job", "B=a step's = with ", "KEY=***", "LANG=C.UTF-8"):
        assert f"{line}\n" in text
    assert "VIRTUAL_ENV" not in text
    assert text.endswith("/job/work\n")


async def test_outputs_of_steps_are_sent() -> None:
    write = "printf 'version=1.2\\nnotes<<E\\na\\nb\\nE\\n' > $SOLSTICE_OUTPUT"
    heard = await run_job(job(step(write), step("echo '=x' > $SOLSTICE_OUTPUT")))
    assert [(o.name, o.value) for o in heard.all("output")] == [("version", "1.2"), ("notes", "a\nb")]
    assert heard.end.result == messages.JOB_RESULT_FAILED
    assert "line 1 of the outputs file" in heard.end.reason


async def test_an_output_that_holds_a_secret_is_not_passed_on() -> None:
    write = "printf 'good=1\nbad=x%sx\n' $KEY > $SOLSTICE_OUTPUT"
    heard = await run_job(job(step(write), secrets={"KEY": "topsecret"}))
    assert [o.name for o in heard.all("output")] == ["good"]
    assert b'output "bad" holds a secret' in heard.log


async def test_bytes_of_every_kind_reach_the_log_as_they_were_printed() -> None:
    script = r"""
import sys
out = sys.stdout.buffer
out.write(bytes(range(256)) * 300)
out.write(b"x" * 10_000_000 + b"\n")
out.write(b"line\n" * 1_000_000)
out.write(b"no newline at the end \xff\x00")
"""
    heard = await run_job(job(step(script, shell="python3")))
    expected = bytes(range(256)) * 300 + b"x" * 10_000_000 + b"\n" + b"line\n" * 1_000_000
    assert bytes(heard.log) == expected + b"no newline at the end \xff\x00"
    assert heard.largest_chunk <= 64 * 1024


async def test_a_flood_is_cut_at_the_limit_with_a_word_about_it() -> None:
    flood = step("head -c 200000000 /dev/zero; echo done > flag")
    heard = await run_job(job(flood, step("test -e flag"), log_limit_bytes=100_000))
    marker = b"\n[solstice: log limit of 100000 bytes reached; the rest is dropped]\n"
    assert bytes(heard.log) == bytes(100_000) + marker
    assert heard.end.result == messages.JOB_RESULT_SUCCEEDED


async def test_what_a_step_leaves_in_the_background_neither_hangs_the_job_nor_survives() -> None:
    left = "sleep 31415 & setsid sh -c 'trap : TERM; sleep 31416' & (setsid sleep 31417 &); echo"
    began = time.monotonic()
    heard = await run_job(job(step(left), step("ps -eo args | grep -c '[s]leep 3141[567]' || true")))
    assert heard.step_log(1) == b"0\n"
    assert time.monotonic() - began < 10


async def test_time_runs_out_for_steps_that_ignore_it_politely_and_for_jobs() -> None:
    async def slow_step() -> None:
        heard = await run_job(job(step("trap 'echo ending' TERM; sleep 100 & wait; sleep 0", timeout_ms=500)))
        assert results(heard) == [TIMED_OUT]
        assert b"ending" in heard.log
        assert heard.end.result == messages.JOB_RESULT_FAILED
        assert "ran out of its 0.5 s" in heard.end.reason

    async def slow_job() -> None:
        assignment = job(step("sleep 100"), step("echo bye", on_cancel=True), step("echo never"))
        assignment.timeout_ms = 500
        heard = await run_job(assignment)
        assert results(heard) == [TIMED_OUT, SUCCEEDED, SKIPPED]
        assert heard.end.result == messages.JOB_RESULT_TIMED_OUT

    await asyncio.gather(slow_step(), slow_job())


async def test_a_cancelled_job_ends_its_step_and_runs_what_is_for_the_cancelled() -> None:
    assignment = job(step("echo going; sleep 100"), step("echo cleaning", on_cancel=True), step("echo never"))
    async with ScriptedHost(assignment).serving() as host, asyncio.timeout(20), agent(host) as process:
        async with host.said:
            await host.said.wait_for(lambda: b"going" in host.heard.log)
        host.commands.put_nowait(messages.ServerMessage(cancel=messages.Cancel(reason="by hand")))
        assert await process.wait() == 0
    assert results(host.heard) == [CANCELLED, SUCCEEDED, SKIPPED]
    assert host.heard.end.result == messages.JOB_RESULT_CANCELLED
    assert host.heard.end.reason == "by hand"
    assert bytes(host.heard.log) == b"going\ncleaning\n"


@pytest.mark.parametrize(
    "status",
    [grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.FAILED_PRECONDITION],
)
async def test_a_refused_agent_ends(status: grpc.StatusCode) -> None:
    heard = await run_job(job(step("echo never")), code=3, refuse=status)
    assert not heard.log


async def test_a_signal_and_a_program_that_is_not_there_are_failures_with_a_reason() -> None:
    heard = await run_job(
        job(step("kill -9 $$", name="suicide"), step("x", shell="no-such-shell", on_failure=True))
    )
    assert [(s.exit_code, s.signal) for s in heard.steps] == [(0, 9), (126, 0)]
    assert heard.end.reason == 'step "suicide" was killed by signal 9'
    assert b"cannot be started" in heard.log


async def test_shells_and_scripts_of_the_checkout_are_run_as_their_authors_expect() -> None:
    write = "printf 'echo plain $0 | grep -o script' > plain.sh; printf '#!/bin/cat\nhi' > exe; chmod +x exe"
    heard = await run_job(
        job(
            step(write),
            step("false | true", shell="bash", allow_failure=True),
            step("print(6 * 7)", shell="python3"),
            step(path="exe"),
            step(path="../outside", allow_failure=True),
            step("echo A; exit 0", shell="sh -e {0} more"),
        )
    )
    assert results(heard) == [SUCCEEDED, FAILED, SUCCEEDED, SUCCEEDED, FAILED, SUCCEEDED]
    assert heard.step_log(2) == b"42\n"
    assert heard.step_log(3) == b"#!/bin/cat\nhi"
    assert b"is not a file of the checkout" in heard.step_log(4)


async def test_secrets_are_masked_even_when_they_are_printed_byte_by_byte() -> None:
    dribble = "for c in t o p s e c r e t; do printf $c; sleep 0.01; done; echo; echo $KEY | base64"
    heard = await run_job(job(step(dribble), secrets={"KEY": "topsecret"}))
    assert b"***" in heard.log
    assert b"topsecret" not in heard.log
    assert b"dG9wc2Vjcm" not in heard.log


async def test_peak_memory_and_duration_are_measured() -> None:
    heard = await run_job(
        job(step("x = bytearray(b'x') * 150_000_000; import time; time.sleep(0.1)", shell="python3"))
    )
    (finished,) = heard.steps
    assert 150_000_000 < finished.peak_memory_bytes < 400_000_000
    assert finished.duration_ms >= 100
