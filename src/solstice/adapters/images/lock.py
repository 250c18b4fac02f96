"""One doer per image: a lock file that a killed process lets go of by itself."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from solstice.adapters.images.shelf import translate_disk_errors

_POLL = timedelta(milliseconds=100)


@asynccontextmanager
async def hold_lock(path: Path, say_waiting: Callable[[], None]) -> AsyncIterator[None]:
    """Hold the lock at ``path``, among processes and among tasks.

    ``say_waiting`` is called once if somebody else has it.
    The file is never removed: two processes must not lock two files of the same name.
    """
    with translate_disk_errors(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if not try_lock(handle):
            say_waiting()
            # Another process cannot set an event of ours, and a thread stuck in flock cannot be cancelled.
            while not try_lock(handle):  # noqa: ASYNC110
                await asyncio.sleep(_POLL.total_seconds())
        yield
    finally:
        os.close(handle)


def is_free(path: Path) -> bool:
    """Whether nobody holds the lock at ``path`` just now."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        return try_lock(handle)
    finally:
        os.close(handle)


def try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
