"""What is kept of a console: the beginning and the end, and a mark between."""

import asyncio
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from solstice.adapters.machines.console import HEAD_BYTES, TAIL_BYTES, Console


def console(folder: Path = Path("/nonexistent")) -> Console:
    return Console(folder / "console", folder / "console.log")


@given(st.lists(st.integers(0, 5000), max_size=20))
def test_what_fits_is_kept_whole_however_it_comes(sizes: list[int]) -> None:
    kept, said = console(), b""
    for number, size in enumerate(sizes):
        data = bytes([number]) * size
        kept.feed(data)
        said += data
    assert kept.read() == said


def test_of_a_flood_the_beginning_and_the_end_are_kept_in_bounds() -> None:
    kept = console()
    for number in range(10_000):
        kept.feed(b"%07d\n" % number * 100)
    words = kept.read()
    assert words.startswith(b"0000000\n")
    assert words.endswith(b"0009999\n")
    assert b"bytes of console cut here" in words
    assert len(words) < HEAD_BYTES + TAIL_BYTES + 2000


async def test_words_come_through_the_socket_and_stand_in_the_file(state_dir: Path) -> None:
    kept = console(state_dir)
    await kept.start(None)
    _, writer = await asyncio.open_unix_connection(state_dir / "console")
    writer.write(b"Linux version 6.1\n")
    writer.close()
    await writer.wait_closed()
    async with asyncio.timeout(5):
        while not kept.read():  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.005)
    await kept.stop()
    assert kept.read() == (state_dir / "console.log").read_bytes() == b"Linux version 6.1\n"
