"""Job logs as plain files, one for each attempt."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from solstice.adapters.faults import disk_fault
from solstice.domain.job import JobId


class FileLogs:
    """Logs in ``folder``; ``name`` gives a job's file name without its ending.

    Bytes are the file's own: a reader with `tail -f` sees what was acknowledged. With ``durable`` they
    are on the disk before they are acknowledged; a local run, which nobody resumes, does without.
    """

    def __init__(self, folder: Path, name: Callable[[JobId], str], *, durable: bool = True) -> None:
        self._folder, self._name, self._durable = folder, name, durable
        self._files: dict[tuple[JobId, int], int] = {}
        self._ends: dict[tuple[JobId, int], int] = {}

    def path(self, job: JobId, epoch: int) -> Path:
        """Where the log of an attempt stands."""
        again = f".attempt-{epoch}" if epoch > 1 else ""
        return self._folder / f"{self._name(job)}{again}.log"

    async def append(self, job: JobId, epoch: int, offset: int, data: bytes) -> int:
        """Keep what is new of ``data`` and return where the log ends."""
        key = (job, epoch)
        file = self._files.get(key)
        if file is None:
            file = await asyncio.to_thread(self._open, job, epoch)
        end = self._ends[key]
        fresh = data[end - offset :] if offset <= end else b""
        if fresh:
            await asyncio.to_thread(self._write, file, fresh)
            self._ends[key] = end = end + len(fresh)
        return end

    async def read(self, job: JobId, epoch: int, offset: int, limit: int) -> bytes:
        """At most ``limit`` bytes from ``offset``."""
        return await asyncio.to_thread(self._read, self.path(job, epoch), offset, limit)

    def close(self) -> None:
        """Close every file."""
        for file in self._files.values():
            os.close(file)
        self._files.clear()

    def _open(self, job: JobId, epoch: int) -> int:
        path = self.path(job, epoch)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise disk_fault(f"cannot open the log {path}", error) from error
        self._files[job, epoch] = file
        self._ends[job, epoch] = os.fstat(file).st_size
        return file

    def _write(self, file: int, data: bytes) -> None:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(file, view) :]
            if self._durable:
                os.fdatasync(file)
        except OSError as error:
            raise disk_fault("cannot write a job's log", error) from error

    @staticmethod
    def _read(path: Path, offset: int, limit: int) -> bytes:
        try:
            with path.open("rb") as file:
                file.seek(offset)
                return file.read(limit)
        except FileNotFoundError:
            return b""
