"""Whatever happens to the connection: the log that arrives is the log that was produced."""

import asyncio
import hashlib
import random

import pytest

from solstice.wire.agent import messages
from tests.agent.scripted_host import SESSION_CREDENTIAL, TOKEN, ScriptedHost, agent, job, run_job, step

PRODUCE = """
import hashlib, random, sys
words = random.Random(7)
for _ in range(400):
    sys.stdout.buffer.write(words.randbytes(words.randrange(1, 20_000)))
sys.stdout.flush()
"""


def produced() -> bytes:
    words = random.Random(7)
    return b"".join(words.randbytes(words.randrange(1, 20_000)) for _ in range(400))


@pytest.mark.slow
async def test_fifty_cuts_at_random_bytes_lose_and_double_nothing() -> None:
    dice = random.Random(11)
    left = iter(range(50))

    def cut_after() -> int | None:
        return dice.randrange(1, 150_000) if next(left, None) is not None else None

    assignment = job(step(PRODUCE, shell="python3"), step("echo end"))
    script = ScriptedHost(assignment, cut_after=cut_after)
    async with script.serving() as host, asyncio.timeout(60), agent(host) as process:
        assert await process.wait() == 0
    expected = produced() + b"end\n"
    assert hashlib.sha256(host.heard.log).digest() == hashlib.sha256(expected).digest()
    assert host.heard.end.result == messages.JOB_RESULT_SUCCEEDED
    assert host.cuts >= 50
    assert set(host.heard.credentials) == {f"Bearer {TOKEN}", f"Bearer {SESSION_CREDENTIAL}"}


async def test_a_host_that_does_not_acknowledge_holds_back_the_step_and_not_its_end() -> None:
    flood = step("head -c 30000000 /dev/zero; echo done > flag", timeout_ms=500)
    async with (
        ScriptedHost(job(flood, heartbeat_ms=200), ack=False).serving() as host,
        asyncio.timeout(20),
        agent(host) as process,
    ):
        await wait_for_heartbeats(host, 3)
        assert not (host.folder / "job" / "work" / "flag").exists()
        host.acks.set()
        assert await process.wait() == 0
    assert host.heard.steps[0].result == messages.STEP_RESULT_TIMED_OUT
    assert 8_000_000 < len(host.heard.log) < 12_000_000


async def wait_for_heartbeats(host: ScriptedHost, count: int) -> None:
    async with host.said:
        await host.said.wait_for(lambda: host.heard.heartbeats >= count)


async def test_a_killed_agent_leaves_the_channel_closed() -> None:
    assignment = job(step("echo going; sleep 2"))
    async with ScriptedHost(assignment).serving() as host, asyncio.timeout(20), agent(host) as process:
        async with host.said:
            await host.said.wait_for(lambda: b"going" in host.heard.log)
        process.kill()
        await process.wait()
        await host.closed.wait()


async def test_the_channel_may_be_a_network_connection() -> None:
    script = ScriptedHost(job(step("echo far")))
    async with script.serving() as host, agent(host, channel=f"tcp:127.0.0.1:{host.port}") as process:
        async with asyncio.timeout(20):
            assert await process.wait() == 0
    assert bytes(host.heard.log) == b"far\n"


async def test_an_agent_that_is_there_before_its_host_waits_for_it() -> None:
    async with ScriptedHost(job(step("echo late"))).serving() as host, asyncio.timeout(20):
        channel = host.folder / "channel"
        channel.rename(host.folder / "hidden")
        async with agent(host) as process:
            (host.folder / "hidden").rename(channel)
            assert await process.wait() == 0
    assert bytes(host.heard.log) == b"late\n"


async def test_a_job_without_steps_succeeds() -> None:
    heard = await run_job(job())
    assert heard.end.result == messages.JOB_RESULT_SUCCEEDED
