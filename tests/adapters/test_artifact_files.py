"""What is special about artifacts that are files: they are laid out for people."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from solstice.adapters.artifact_files import FileArtifacts, file_name
from solstice.domain.errors import MachineFault
from solstice.domain.event import ArtifactStored, Event
from solstice.domain.job import JobState
from tests import builders
from tests.fakes.guests import stream, tar_of

JOB = builders.job(JobState.RUNNING, builders.job_plan("build"))


async def test_the_files_lie_below_the_jobs_name_and_are_told_of(tmp_path: Path) -> None:
    told: list[Event] = []
    receipt = await FileArtifacts(tmp_path, tmp_path / "streams", told.append).put(
        JOB, "wheels", stream(tar_of({"dist/a.whl": b"1", "b": b"2"}))
    )
    assert (tmp_path / "build/wheels/dist/a.whl").read_bytes() == b"1"
    assert (tmp_path / "build/wheels/b").read_bytes() == b"2"
    assert told == [ArtifactStored(JOB, "wheels", receipt.size, receipt.sha256, 2)]


async def test_nothing_is_visible_before_the_stream_is_whole(tmp_path: Path) -> None:
    store, whole = FileArtifacts(tmp_path, tmp_path / "streams", lambda event: None), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        data = tar_of({"a": b"1"})
        yield data[:1000]
        await whole.wait()
        yield data[1000:]

    putting = asyncio.create_task(store.put(JOB, "wheels", slow()))
    await asyncio.sleep(0.02)
    assert not (tmp_path / "build").exists()
    whole.set()
    await putting
    assert (tmp_path / "build/wheels/a").read_bytes() == b"1"


async def test_two_uploads_of_one_name_at_once_leave_one_whole_artifact(tmp_path: Path) -> None:
    store = FileArtifacts(tmp_path, tmp_path / "streams", lambda event: None)
    datas = [tar_of({"a": bytes([number]) * 5000}) for number in range(4)]
    await asyncio.gather(*(store.put(JOB, "wheels", stream(data)) for data in datas), return_exceptions=True)
    assert b"".join([chunk async for chunk in store.get(JOB, "wheels")]) in datas
    assert [path.name for path in (tmp_path / "build").iterdir()] == ["wheels"]


async def test_a_place_that_is_no_folder_is_a_fault_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "artifacts").write_text("a file")
    with pytest.raises(MachineFault, match='cannot store artifact "wheels"'):
        await FileArtifacts(tmp_path / "artifacts", tmp_path / "streams", lambda event: None).put(
            JOB, "wheels", stream(tar_of({}))
        )


def test_names_that_differ_stay_different_as_file_names() -> None:
    names = ["a", "A", "a/b", "a-b", "a\\b", "a:b", "../a", "a" * 101, "a" * 102, ".a", "", "ü", "ö", "a b"]
    files = [file_name(name) for name in names]
    assert len(set(files)) == len(files)
    assert all(name and "/" not in name and name not in (".", "..") and len(name) < 120 for name in files)
