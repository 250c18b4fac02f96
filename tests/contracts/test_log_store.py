"""What every store of logs does."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solstice.adapters.log_files import FileLogs
from solstice.domain.job import JobId
from solstice.orchestrator.ports import LogStore
from tests.fakes.stores import FakeLogs

JOB, OTHER = JobId("a" * 32), JobId("b" * 32)
BINARY = bytes(range(256)) + b"\r\n\x1b[31m\xff\xfe"


@pytest.fixture(params=["fake", "files", "files, not durable"])
def logs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LogStore]:
    if request.param == "fake":
        yield FakeLogs()
    else:
        store = FileLogs(tmp_path / "logs", lambda job: job, durable=request.param == "files")
        yield store
        store.close()


async def test_bytes_come_back_as_they_were(logs: LogStore) -> None:
    assert await logs.append(JOB, 1, 0, BINARY) == len(BINARY)
    assert await logs.read(JOB, 1, 0, 1000) == BINARY


async def test_an_empty_append_tells_where_the_log_ends(logs: LogStore) -> None:
    assert await logs.append(JOB, 1, 0, b"") == 0
    await logs.append(JOB, 1, 0, b"hello")
    assert await logs.append(JOB, 1, 0, b"") == 5


async def test_a_repeat_changes_nothing(logs: LogStore) -> None:
    for _ in range(3):
        assert await logs.append(JOB, 1, 0, b"hello") == 5
    assert await logs.append(JOB, 1, 1, b"el") == 5
    assert await logs.read(JOB, 1, 0, 100) == b"hello"


async def test_of_an_overlap_only_what_is_new_is_kept(logs: LogStore) -> None:
    await logs.append(JOB, 1, 0, b"hello")
    assert await logs.append(JOB, 1, 3, b"XX world") == 11
    assert await logs.read(JOB, 1, 0, 100) == b"hello world"


@pytest.mark.parametrize("offset", [6, 1000, 2**63, 2**64 - 1])
async def test_data_that_would_leave_a_gap_is_not_kept(logs: LogStore, offset: int) -> None:
    await logs.append(JOB, 1, 0, b"hello")
    assert await logs.append(JOB, 1, offset, b"world") == 5
    assert await logs.read(JOB, 1, 0, 100) == b"hello"


async def test_jobs_and_their_attempts_have_logs_of_their_own(logs: LogStore) -> None:
    for job, epoch, data in ((JOB, 1, b"a1"), (JOB, 2, b"a2"), (OTHER, 1, b"b1")):
        await logs.append(job, epoch, 0, data)
    assert await logs.read(JOB, 1, 0, 100) == b"a1"
    assert await logs.read(JOB, 2, 0, 100) == b"a2"
    assert await logs.read(OTHER, 1, 0, 100) == b"b1"


async def test_reading_stays_within_what_is_there(logs: LogStore) -> None:
    await logs.append(JOB, 1, 0, b"hello")
    assert await logs.read(JOB, 1, 1, 3) == b"ell"
    assert await logs.read(JOB, 1, 5, 3) == b""
    assert await logs.read(JOB, 1, 99, 3) == b""
    assert await logs.read(OTHER, 1, 0, 3) == b""


async def test_two_connections_that_append_at_once_write_every_byte_once(logs: LogStore) -> None:
    data = BINARY * 20
    pieces = [(start, data[start : start + 97]) for start in range(0, len(data), 97)]

    async def send() -> None:
        for start, piece in pieces:
            await logs.append(JOB, 1, start, piece)

    await asyncio.gather(send(), send(), send())
    assert await logs.read(JOB, 1, 0, len(data) + 1) == data


async def test_appends_cut_off_in_the_middle_lose_and_double_nothing(logs: LogStore) -> None:
    data = BINARY * 40
    end, cuts = 0, 0
    while end < len(data):
        append = asyncio.ensure_future(logs.append(JOB, 1, end, data[end : end + 500]))
        if cuts < 30:
            await asyncio.sleep(0)
            append.cancel()
            await asyncio.wait([append])
            cuts += 1
        else:
            await append
        end = await logs.append(JOB, 1, 0, b"")
    assert await logs.read(JOB, 1, 0, len(data) + 1) == data


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 30)), max_size=30))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_pieces_come_in_whatever_order_the_log_is_a_prefix(
    tmp_path: Path, pieces: list[tuple[int, int]]
) -> None:
    whole = bytes(range(100))
    fake, files = FakeLogs(), FileLogs(tmp_path, lambda job: f"log-{id(pieces)}", durable=False)
    try:
        path = files.path(JOB, 1)
        path.unlink(missing_ok=True)
        for start, length in pieces:
            piece = whole[start : start + length]
            end = await fake.append(JOB, 1, start, piece)
            assert await files.append(JOB, 1, start, piece) == end
            assert path.read_bytes() == whole[:end]
    finally:
        files.close()
