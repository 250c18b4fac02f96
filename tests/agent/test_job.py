"""One whole job in the zipapp: what its steps do is what the orchestrator hears."""

from solstice.wire.agent import messages
from tests.agent.scripted_host import TOKEN, job, run_job, step


async def test_a_job_of_steps_runs_in_order_and_says_how_it_ended() -> None:
    heard = await run_job(job(step("echo one"), step("echo two; echo three >&2")))
    assert bytes(heard.log) == b"one\ntwo\nthree\n"
    assert heard.step_log(1) == b"two\nthree\n"
    assert [finished.result for finished in heard.steps] == [messages.STEP_RESULT_SUCCEEDED] * 2
    assert heard.end.result == messages.JOB_RESULT_SUCCEEDED
    assert heard.credentials == [f"Bearer {TOKEN}"]
    assert heard.hellos[0].cpus > 0
