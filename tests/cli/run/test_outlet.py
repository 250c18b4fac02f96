"""A stuck, slow or vanished reader never stops the jobs."""

import io
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from solstice.cli.run.outlet import Outlet
from solstice.cli.run.pump import Pump


@pytest.fixture
def pipe() -> Iterator[tuple[int, IO[str]]]:
    """The reading descriptor and the writing stream of a pipe."""
    reading, writing = os.pipe()
    out = os.fdopen(writing, "w", encoding="utf-8")
    yield reading, out
    out.close()


def read_all(reading: int) -> bytes:
    with os.fdopen(reading, "rb") as stream:
        return stream.read()


def test_everything_written_arrives_in_order(pipe: tuple[int, IO[str]]) -> None:
    reading, out = pipe
    outlet = Outlet(out)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(read_all(reading)))
    reader.start()
    expected = "".join(f"line {i}\n" for i in range(50_000))
    for line in expected.splitlines(keepends=True):
        outlet.write_log(line)
    outlet.close()
    out.close()
    reader.join()
    assert received == [expected.encode()]


def test_while_nobody_reads_lines_are_dropped_counted_and_owned_up_to(pipe: tuple[int, IO[str]]) -> None:
    reading, out = pipe
    outlet = Outlet(out, patience_seconds=0.01)
    for _ in range(200):
        outlet.write_log(("x" * 99 + "\n") * 655)
    outlet.write("our own words\n")
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(read_all(reading)))
    reader.start()
    outlet.close()
    out.close()
    reader.join()
    lines = received[0].decode().splitlines()
    assert lines[-2] == "our own words"
    shown = len(lines) - 2
    assert lines[-1] == (
        f"… {200 * 655 - shown} lines not shown: the output was stuck; they are in the log files"
    )
    assert shown < 200 * 655


def test_a_reader_that_has_gone_is_no_error(pipe: tuple[int, IO[str]]) -> None:
    reading, out = pipe
    os.close(reading)
    outlet = Outlet(out)
    for _ in range(200):
        outlet.write_log("x" * 65_536 + "\n")
    outlet.write_patiently("data\n")
    outlet.close()
    assert outlet.is_gone


def test_a_stream_without_a_descriptor_that_breaks_falls_silent() -> None:
    class Broken(io.BytesIO):
        def write(self, data: object) -> int:
            raise BrokenPipeError

    outlet = Outlet(Broken())
    outlet.write("a\n")
    outlet.write("b\n")
    outlet.close()
    assert outlet.is_gone


def test_a_descriptor_that_does_not_block_is_waited_for() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    pump = Pump(writing)
    pump.put(b"x" * 1_000_000)
    received = []
    reader = threading.Thread(target=lambda: received.append(read_all(reading)))
    reader.start()
    pump.close()
    os.close(writing)
    reader.join()
    assert len(received[0]) == 1_000_000


def test_closing_may_be_given_up_when_nothing_is_taken() -> None:
    reading, writing = os.pipe()
    pump = Pump(writing)
    pump.put(b"x" * 1_000_000)
    assert pump.is_behind
    pump.close(patience_seconds=0.05)
    os.close(reading)
    pump.close()
    assert pump.is_gone
    os.close(writing)


def test_characters_the_stream_does_not_know_are_replaced() -> None:
    raw = io.BytesIO()
    outlet = Outlet(io.TextIOWrapper(raw, encoding="latin-1", write_through=True))
    outlet.write("café ✓ …\n")
    assert not outlet.prints_symbols
    assert raw.getvalue() == "café ? ~\n".encode("latin-1")


def test_a_stream_that_cannot_be_written_is_told_at_the_end() -> None:
    with Path("/dev/full").open("wb") as full:
        outlet = Outlet(full)
        outlet.write("lost\n")
        with pytest.raises(OSError, match="No space left") as caught:
            outlet.close()
    assert caught.value.filename == "standard output"
