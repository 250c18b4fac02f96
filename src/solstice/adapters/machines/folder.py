"""Where machines live on this host: a folder each, in a folder for each process that makes machines.

A machine is there as long as its folder is; its processes are those whose working directory is the
folder. So nothing has to be written down before a process starts, and a crash at any point leaves
nothing that the next start cannot find.
"""

import asyncio
import contextlib
import fcntl
import os
import secrets
import shutil
import time
from pathlib import Path

import psutil

from solstice.adapters.faults import disk_fault
from solstice.domain.errors import MachineFault
from solstice.domain.lease import MachineName

LOCK = "lock"
LONGEST_SOCKET = 107
"""Bytes in the path of a unix socket (`sockaddr_un`)."""
KILL_SECONDS = 5.0
KILL_POLL_SECONDS = 0.005
BIRTH_SECONDS = 60.0


class MachineRoot:
    """This process's folder of machines, locked as long as the process lives."""

    def __init__(self, state_dir: Path) -> None:
        self._all = state_dir / "machines"
        self.path = self._all / secrets.token_hex(4)
        self._lock: int | None = None

    def open(self) -> list[MachineName]:
        """Make the folder, lock it, and remove what dead processes left; returns their machines' names."""
        try:
            self._all.mkdir(mode=0o711, parents=True, exist_ok=True)
            swept = self._sweep_abandoned()
            # Locked before it has its name: another process's sweep never sees it without an owner.
            unborn = self._all / f".{self.path.name}"
            unborn.mkdir(mode=0o711)
            self._lock = _lock(unborn / LOCK)
            unborn.rename(self.path)
        except OSError as error:
            raise MachineFault(
                f"cannot keep machines in {self._all}: {error.strerror or error}",
                "Give a --state-dir that this user can write to and that has room.",
            ) from error
        return swept

    def close(self) -> None:
        """Remove the folder; machines must be gone by now."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def folder(self, machine: MachineName) -> Path:
        """The machine's folder, there or not."""
        return self.path / machine

    def create(self, machine: MachineName, owner: int | None) -> Path:
        """Make the machine's folder, private to the user its hypervisor runs as."""
        folder = self.folder(machine)
        longest = len(os.fsencode(folder / "console"))
        if longest > LONGEST_SOCKET:
            raise MachineFault(
                f"the path of the state directory is {longest - LONGEST_SOCKET} bytes too long for sockets",
                "Give a shorter --state-dir.",
            )
        try:
            folder.mkdir(mode=0o700)
            if owner is not None:
                os.chown(folder, owner, owner)
        except OSError as error:
            raise disk_fault(f"cannot make {folder}", error) from error
        return folder

    def names(self) -> list[MachineName]:
        """The machines that are there."""
        with contextlib.suppress(FileNotFoundError):
            return [MachineName(entry.name) for entry in self.path.iterdir() if entry.is_dir()]
        return []

    async def remove(self, machine: MachineName) -> None:
        """End the machine's processes and remove its folder."""
        await asyncio.to_thread(remove_machine, self.folder(machine))

    def _sweep_abandoned(self) -> list[MachineName]:
        swept: list[MachineName] = []
        for root in self._all.iterdir():
            lock = _try_lock(root)
            if lock is None:
                continue
            try:
                for folder in root.iterdir():
                    if folder.is_dir():
                        remove_machine(folder)
                        swept.append(MachineName(folder.name))
                shutil.rmtree(root, ignore_errors=True)
            finally:
                os.close(lock)
        return swept


def find_abandoned(state_dir: Path) -> list[MachineName]:
    """Machines that dead processes left behind; the next `MachineRoot.open` removes them."""
    found: list[MachineName] = []
    with contextlib.suppress(OSError):
        for root in sorted((state_dir / "machines").iterdir()):
            lock = _try_lock(root)
            if lock is not None:
                found += [MachineName(folder.name) for folder in root.iterdir() if folder.is_dir()]
                os.close(lock)
    return found


def processes_in(folder: Path) -> list[psutil.Process]:
    """The processes whose working directory is ``folder``."""
    found, place = [], str(folder)
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.cwd() == place:
                found.append(process)
    return found


def remove_machine(folder: Path) -> None:
    """Kill every process of the machine, wait for their end, remove the folder; repeatable."""
    end_processes(folder)
    shutil.rmtree(folder, ignore_errors=True)


def end_processes(folder: Path) -> None:
    """Kill every process at work in ``folder`` and wait for their end."""
    deadline = time.monotonic() + KILL_SECONDS
    while (alive := processes_in(folder)) and time.monotonic() < deadline:
        for process in alive:
            with contextlib.suppress(psutil.Error):
                process.kill()
        # Not waited for one by one: what is dead but not yet reaped has no working directory any more.
        time.sleep(KILL_POLL_SECONDS)


def _lock(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def _try_lock(root: Path) -> int | None:
    """The lock of a root whose process is gone; ``None`` while it lives (or is just being born)."""
    try:
        if root.name.startswith(".") and time.time() - root.stat().st_mtime < BIRTH_SECONDS:
            return None
        return _lock(root / LOCK)
    except OSError:
        return None
