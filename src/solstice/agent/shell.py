"""One process of the job: how it is started, what it prints, and how it ends with all it made."""

import asyncio
import contextlib
import fcntl
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from solstice.agent.processes import kill_group, reap_orphans
from solstice.agent.users import User

Sink = Callable[[bytes], Awaitable[None]]

_READ_BYTES = 128 * 1024
_DRAIN_SECONDS = 2.0
_PIPE_BYTES = 1024 * 1024
_SMALL_READ_BYTES = 16 * 1024
_HEAP_SECONDS = 0.005
_BURY_SECONDS = 1.0
_INTERPRETERS: Mapping[str, tuple[str, ...]] = {
    "": ("sh", "-e", "{0}"),
    "sh": ("sh", "-e", "{0}"),
    "bash": ("bash", "--noprofile", "--norc", "-eo", "pipefail", "{0}"),
    "pwsh": ("pwsh", "-NoLogo", "-NoProfile", "-NonInteractive", "-File", "{0}"),
}


def command_for(shell: str, script: str) -> list[str]:
    """The command line that gives ``script`` to ``shell``: a program and its flags, ``{0}`` or the end."""
    words = _INTERPRETERS.get(shell) or tuple(shlex.split(shell))
    if not any("{0}" in word for word in words):
        words = (*words, "{0}")
    return [word.replace("{0}", script) for word in words]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a process ended: its exit code, or the signal that killed it, and what it took."""

    exit_code: int
    signal: int
    duration_ms: int
    peak_memory_bytes: int
    """Of its largest process; never less than the agent's own size, from which it was forked."""
    survivors: int = 0


class Process:
    """A command in a session of its own, with nothing to read and one pipe for all it prints.

    ``sweep`` ends what the command leaves behind, sparing the number it is given; it tells how many
    processes it could not end.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        user: User,
        sweep: Callable[[int], int],
    ) -> None:
        """Start it; `OSError` or `ValueError` if that cannot be done."""
        self._sweep = sweep
        self._began = time.monotonic()
        self._readable = asyncio.Event()
        self._writers_are_dead = False
        self._output, write_end = _make_pipe()
        try:
            self._popen = _start(argv, cwd, env, user, write_end)
        except BaseException:
            os.close(self._output)
            raise
        finally:
            os.close(write_end)
        _offer_to_the_oom_killer(self._popen.pid)

    def signal(self, number: int) -> None:
        """Send a signal to all of the process's group."""
        if self._popen.returncode is None:
            kill_group(self._popen.pid, number)

    async def run(self, sink: Sink) -> Ending:
        """Give all it prints to ``sink`` until it has ended, and leave nothing of it behind.

        A background process that keeps the pipe open is given a moment, then killed. However long the
        sink takes, no byte is lost.
        """
        reading = asyncio.create_task(self._read(sink))
        burying = asyncio.create_task(self._bury_orphans())
        try:
            await _ended(self._popen.pid)
            burying.cancel()
            seconds = time.monotonic() - self._began
            await asyncio.wait({reading}, timeout=_DRAIN_SECONDS)
            survivors = self._kill_the_rest()
            self._writers_are_dead = True
            self._readable.set()
            await reading
            return self._reap(seconds, survivors)
        finally:
            for task in (reading, burying):
                task.cancel()
            await asyncio.gather(reading, burying, return_exceptions=True)
            os.close(self._output)
            if self._popen.returncode is None:
                self._kill_the_rest()
                self._reap(0.0, 0)

    async def _bury_orphans(self) -> None:
        while True:
            await asyncio.sleep(_BURY_SECONDS)
            reap_orphans(self._popen.pid)

    async def _read(self, sink: Sink) -> None:
        left = _PIPE_BYTES * 2
        while left > 0:
            try:
                data = os.read(self._output, _READ_BYTES)
            except BlockingIOError:
                if self._writers_are_dead:
                    return
                await self._wait_readable()
                continue
            if not data:
                return
            # Only a writer that cannot be killed gets through this many bytes after its death.
            left -= len(data) if self._writers_are_dead else 0
            await sink(data)
            if len(data) < _SMALL_READ_BYTES and not self._writers_are_dead:
                # Whoever prints line by line is read in heaps, not line by line.
                await asyncio.sleep(_HEAP_SECONDS)

    async def _wait_readable(self) -> None:
        loop = asyncio.get_running_loop()
        self._readable.clear()
        loop.add_reader(self._output, self._readable.set)
        try:
            await self._readable.wait()
        finally:
            loop.remove_reader(self._output)

    def _kill_the_rest(self) -> int:
        # The leader may be dead but is not yet reaped, so its number cannot belong to anybody else.
        kill_group(self._popen.pid, signal.SIGKILL)
        return self._sweep(self._popen.pid)

    def _reap(self, seconds: float, survivors: int) -> Ending:
        _, status, usage = os.wait4(self._popen.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self._popen.returncode = code
        unit = 1 if sys.platform == "darwin" else 1024
        return Ending(
            exit_code=max(code, 0),
            signal=max(-code, 0),
            duration_ms=round(seconds * 1000),
            peak_memory_bytes=usage.ru_maxrss * unit,
            survivors=survivors,
        )


async def run_until(
    process: Process, sink: Sink, stop: "asyncio.Future[None]", grace_seconds: float
) -> Ending:
    """Run it; once ``stop`` is done, ask it to end, and after the grace make it."""
    running = asyncio.create_task(process.run(sink))
    waited: set[asyncio.Future[Any]] = {running, stop}
    await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
    if not running.done():
        process.signal(signal.SIGTERM)
        await asyncio.wait({running}, timeout=grace_seconds)
        process.signal(signal.SIGKILL)
    return await running


def _make_pipe() -> tuple[int, int]:
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            fcntl.fcntl(read_end, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return read_end, write_end


def _start(
    argv: Sequence[str], cwd: Path, env: Mapping[str, str], user: User, output: int
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        argv,
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
        umask=0o022,
        user=user.uid,
        group=None if user.uid is None else user.gid,
        extra_groups=None if user.uid is None else user.groups,
    )


def _offer_to_the_oom_killer(pid: int) -> None:
    """Where memory runs out, the step has to go before the agent that reports it."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text("500", "ascii")


async def _ended(pid: int) -> None:
    """Until that child is dead; it is left to be reaped."""
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError):
        await asyncio.to_thread(os.waitid, os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        return
    loop = asyncio.get_running_loop()
    dead = asyncio.Event()
    loop.add_reader(descriptor, dead.set)
    try:
        await dead.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
