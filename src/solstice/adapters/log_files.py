"""Job logs as plain files, one for each attempt."""

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from solstice.adapters.faults import disk_fault
from solstice.domain.job import JobId


@dataclass(eq=False, slots=True)
class _Log:
    """An open log. The lock is held by threads: one whose caller has gone still finishes its append."""

    file: int
    end: int
    lock: threading.Lock = field(default_factory=threading.Lock)


class FileLogs:
    """Logs in ``folder``; ``name`` gives a job's file name without its ending.

    Bytes are the file's own: a reader with `tail -f` sees what was acknowledged. With ``durable`` they
    are on the disk before they are acknowledged; a local run, which nobody resumes, does without.
    """

    def __init__(self, folder: Path, name: Callable[[JobId], str], *, durable: bool = True) -> None:
        self._folder, self._name, self._durable = folder, name, durable
        self._logs: dict[tuple[JobId, int], _Log] = {}
        self._opening = threading.Lock()

    def path(self, job: JobId, epoch: int) -> Path:
        """Where the log of an attempt stands."""
        again = f".attempt-{epoch}" if epoch > 1 else ""
        return self._folder / f"{self._name(job)}{again}.log"

    async def append(self, job: JobId, epoch: int, offset: int, data: bytes) -> int:
        """Keep what is new of ``data`` and return where the log ends."""
        return await asyncio.to_thread(self._append, job, epoch, offset, data)

    async def read(self, job: JobId, epoch: int, offset: int, limit: int) -> bytes:
        """At most ``limit`` bytes from ``offset``."""
        return await asyncio.to_thread(self._read, self.path(job, epoch), offset, limit)

    def close(self) -> None:
        """Close every file."""
        for log in self._logs.values():
            with log.lock:
                os.close(log.file)
        self._logs.clear()

    def _append(self, job: JobId, epoch: int, offset: int, data: bytes) -> int:
        log = self._open(job, epoch)
        with log.lock:
            if offset <= log.end and (fresh := data[log.end - offset :]):
                self._write(log, fresh)
            return log.end

    def _open(self, job: JobId, epoch: int) -> _Log:
        with self._opening:
            if log := self._logs.get((job, epoch)):
                return log
            path = self.path(job, epoch)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
            except OSError as error:
                raise disk_fault(f"cannot open the log {path}", error) from error
            log = self._logs[job, epoch] = _Log(file, os.fstat(file).st_size)
            return log

    def _write(self, log: _Log, data: bytes) -> None:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(log.file, view) :]
            if self._durable:
                os.fdatasync(log.file)
        except OSError as error:
            # What was written in part is not there: the agent repeats it.
            with contextlib.suppress(OSError):
                os.ftruncate(log.file, log.end)
            raise disk_fault("cannot write a job's log", error) from error
        log.end += len(data)

    @staticmethod
    def _read(path: Path, offset: int, limit: int) -> bytes:
        try:
            with path.open("rb") as file:
                file.seek(offset)
                return file.read(limit)
        except FileNotFoundError:
            return b""
