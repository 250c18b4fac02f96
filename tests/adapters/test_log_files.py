"""What is special about logs that are files."""

import os
from pathlib import Path

import pytest

from solstice.adapters.log_files import FileLogs
from solstice.domain.errors import MachineFault
from solstice.domain.job import JobId

JOB = JobId("a" * 32)


def logs(folder: Path, **more: bool) -> FileLogs:
    return FileLogs(folder, lambda job: "unit", **more)


async def test_a_person_finds_a_file_for_each_attempt(tmp_path: Path) -> None:
    store = logs(tmp_path)
    await store.append(JOB, 1, 0, b"one\n")
    await store.append(JOB, 2, 0, b"two\n")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "unit.log": b"one\n",
        "unit.attempt-2.log": b"two\n",
    }
    store.close()


async def test_another_process_goes_on_where_the_file_ends(tmp_path: Path) -> None:
    first = logs(tmp_path)
    await first.append(JOB, 1, 0, b"hello ")
    first.close()
    second = logs(tmp_path)
    assert await second.append(JOB, 1, 0, b"") == 6
    assert await second.append(JOB, 1, 3, b"lo world") == 11
    assert (tmp_path / "unit.log").read_bytes() == b"hello world"
    second.close()


async def test_a_full_disk_is_said_and_a_repeat_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, write = logs(tmp_path), os.write

    def fill(file: int, data: bytes) -> int:
        if len(data) > 4:
            return write(file, data[:4])
        raise OSError(28, "No space left on device")

    await store.append(JOB, 1, 0, b"hello ")
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", fill)
        with pytest.raises(MachineFault, match="no space left"):
            await store.append(JOB, 1, 6, b"wonderful")
    assert await store.append(JOB, 1, 6, b"wonderful") == 15
    assert (tmp_path / "unit.log").read_bytes() == b"hello wonderful"
    store.close()


async def test_a_folder_that_cannot_be_made_is_a_fault_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    with pytest.raises(MachineFault, match="cannot open the log"):
        await logs(tmp_path / "logs").append(JOB, 1, 0, b"x")
