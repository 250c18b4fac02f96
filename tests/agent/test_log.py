"""The log on its way out: offsets, chunks, the limit; and the outbox that keeps it."""

import asyncio

from solstice.agent.logs import AGENT, JobLog
from solstice.agent.outbox import Outbox
from solstice.domain.masking import Masker
from solstice.wire.agent import messages


def sent(outbox: Outbox) -> list[messages.LogChunk]:
    chunks = []
    while (message := outbox.take()) is not None:
        chunks.append(message.log_chunk)
    return chunks


async def test_small_writes_leave_together_and_large_ones_in_chunks() -> None:
    outbox = Outbox()
    log = JobLog(outbox, Masker([]))
    for _ in range(100):
        await log.write(b"line\n")
    first = sent(outbox)
    assert len(first) == 1
    await log.write(bytes(200_000))
    log.finish()
    chunks = [*first, *sent(outbox)]
    assert max(len(chunk.data) for chunk in chunks) == 64 * 1024
    assert b"".join(chunk.data for chunk in chunks) == b"line\n" * 100 + bytes(200_000)
    assert [chunk.offset for chunk in chunks] == [
        sum(len(before.data) for before in chunks[:index]) for index in range(len(chunks))
    ]


async def test_the_first_words_after_a_silence_leave_at_once() -> None:
    outbox = Outbox()
    log = JobLog(outbox, Masker([]))
    await log.write(b"alone")
    assert [chunk.data for chunk in sent(outbox)] == [b"alone"]


async def test_what_follows_closely_leaves_by_itself_before_long() -> None:
    outbox = Outbox()
    log = JobLog(outbox, Masker([]))
    await log.write(b"first")
    sent(outbox)
    await log.write(b"second")
    async with asyncio.timeout(2):
        while not (chunks := sent(outbox)):
            await outbox.wait(1)
    assert chunks[0].data == b"second"


async def test_each_step_s_part_is_known_even_when_a_secret_was_held_back() -> None:
    outbox = Outbox()
    log = JobLog(outbox, Masker([b"topsecret"]))
    assert log.begin(0) == 0
    await log.write(b"top")
    assert log.begin(1) == 3
    await log.write(b"topsecret")
    log.begin(AGENT)
    log.say("done")
    assert log.finish() == 3 + 3 + 5
    assert [(chunk.step, chunk.data) for chunk in sent(outbox)] == [(0, b"top"), (1, b"***"), (-1, b"done\n")]


async def test_the_limit_leaves_one_marker_and_nothing_behind_it() -> None:
    outbox = Outbox()
    log = JobLog(outbox, Masker([]), limit=10)
    for _ in range(5):
        await log.write(b"123456")
    log.say("dropped")
    end = log.finish()
    text = b"".join(chunk.data for chunk in sent(outbox))
    assert text == b"1234561234\n[solstice: log limit of 10 bytes reached; the rest is dropped]\n"
    assert end == len(text)


async def test_exactly_the_limit_is_no_cut() -> None:
    outbox = Outbox()
    log = JobLog(outbox, Masker([]), limit=6)
    await log.write(b"123456")
    log.finish()
    assert [chunk.data for chunk in sent(outbox)] == [b"123456"]


async def test_what_is_not_acknowledged_is_sent_again_in_order() -> None:
    outbox = Outbox()
    for name in "abc":
        outbox.post(output=messages.Output(name=name))
    assert [message.seq for _ in "ab" if (message := outbox.take())] == [1, 2]
    outbox.acknowledge(1)
    outbox.rewind()
    assert [message.output.name for _ in "bc" if (message := outbox.take())] == ["b", "c"]
    assert outbox.take() is None
    outbox.acknowledge(3)
    outbox.rewind()
    assert outbox.take() is None


async def test_a_full_outbox_holds_writers_back_until_it_is_acknowledged() -> None:
    outbox = Outbox(limit=100)
    outbox.post(log_chunk=messages.LogChunk(data=bytes(200)))
    waiting = asyncio.create_task(outbox.room())
    done, _ = await asyncio.wait({waiting}, timeout=0.01)
    assert not done
    outbox.acknowledge(1)
    await waiting
