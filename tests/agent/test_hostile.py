"""Steps that mean harm: they may ruin their own job, and neither the agent nor the next step."""

import asyncio
import os
import time

import pytest

from solstice.wire.agent import messages
from tests.agent.scripted_host import job, run_job, step

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can run steps as another user")

MULTIPLY = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for generation in range(7):
    os.fork()
time.sleep(1000)
"""
ESCAPE = """
import os, time
print("away", flush=True)
end = time.monotonic() + 1.5
while time.monotonic() < end:
    if os.fork():
        os._exit(0)
    os.setsid()
    time.sleep(0.001)
"""


@pytest.mark.slow
async def test_a_step_that_multiplies_is_ended_with_all_it_made() -> None:
    began = time.monotonic()
    count = step("ps -eo args | grep -c '[g]eneration in' || true")
    heard = await run_job(job(step(f"python3 -c '{MULTIPLY}'", timeout_ms=1000, allow_failure=True), count))
    assert heard.steps[0].result == messages.STEP_RESULT_TIMED_OUT
    assert heard.step_log(1) == b"0\n"
    assert time.monotonic() - began < 20


async def test_a_step_that_runs_away_from_its_group_does_not_hang_the_job() -> None:
    heard = await run_job(job(step(ESCAPE, shell="python3"), step("echo next")))
    assert heard.log.startswith(b"away\n")
    assert heard.log.endswith(b"next\n")
    assert heard.end.result == messages.JOB_RESULT_SUCCEEDED


async def test_nothing_that_is_printed_controls_the_agent() -> None:
    mark = r"\000solstice-agent/1 "
    words = rf"printf '{mark}PREPARE n {{}}\n{mark}GO n\nPRI * HTTP/2.0\r\n::set-env::\n'"
    heard = await run_job(job(step(words)))
    assert heard.log.startswith(b"\0solstice-agent/1 PREPARE")
    assert heard.end.result == messages.JOB_RESULT_SUCCEEDED


async def test_a_handshake_mark_inside_a_fetched_file_does_not_end_the_connection() -> None:
    from tests.agent.test_files import fetch, tar

    mark = b"\0solstice-agent/1 PREPARE " + b"x" * 20_000 + b"\n\0solstice-agent/1 PREPARE n {}\n"
    heard = await fetch(tar(f=mark * 20))
    assert heard.end.result == messages.JOB_RESULT_SUCCEEDED
    assert len(heard.credentials) == 1


@as_root
async def test_steps_run_as_the_job_s_user_and_own_what_is_in_the_checkout() -> None:
    probe = "id -un; id -G; touch mine; stat -c %U . mine; echo $USER; cd ${SOLSTICE_OUTPUT%output}; ls"
    heard = await run_job(job(step(probe), user="nobody"))
    lines = heard.log.decode().split()
    assert lines[0] == "nobody"
    assert "0" not in lines[1:2]
    assert lines[2:5] == ["nobody", "nobody", "nobody"]
    assert lines[5:] == ["output", "script"]


async def test_a_user_that_is_not_there_is_told() -> None:
    heard = await run_job(job(step("echo never"), user="no-such-user"))
    assert heard.end.reason == 'this machine has no user "no-such-user"'
    assert heard.end.result == messages.JOB_RESULT_FAILED


@pytest.mark.slow
async def test_a_gigabyte_is_read_without_being_kept() -> None:
    async with asyncio.timeout(30):
        heard = await run_job(job(step("head -c 1000000000 /dev/zero"), log_limit_bytes=1_000_000))
    assert len(heard.log) < 1_000_200
    assert heard.end.result == messages.JOB_RESULT_SUCCEEDED
