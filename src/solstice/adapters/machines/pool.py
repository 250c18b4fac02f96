"""Machines that stand by: restored, never used, without an identity until a job claims one."""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

import psutil

from solstice.adapters.machines.fleet import Fleet, Made
from solstice.domain.errors import SolsticeError
from solstice.domain.lease import MachineName

STANDBY_PREFIX = "standby-"
OLDEST = timedelta(minutes=15)
"""A machine that has stood by for longer is replaced: its clock and its page cache are of another time."""
LEAST_FREE = 0.1
"""The part of the host's memory that stays free; below it no machine stands by."""
TEND_SECONDS = 30.0

Start = Callable[[MachineName], Awaitable[None]]
"""Makes a machine of this name, restored and silent."""


@dataclass
class _Shelf:
    """The machines of one template. ``wanted`` is how many shall stand by, ``start`` makes one more."""

    wanted: int
    start: Start
    ready: deque[tuple[MachineName, float]] = field(default_factory=deque)


class Pool:
    """Standing machines by template key. Never reused: a machine that is taken is a job's own.

    Only templates that have been asked for have machines standing by. `run` refills, replaces those that
    have grown old or died, and gives memory back when the host runs short of it.
    """

    def __init__(self, fleet: Fleet, free_memory: Callable[[], float] | None = None) -> None:
        self._fleet = fleet
        self._free_memory = free_memory or _free_memory
        self._shelves: dict[str, _Shelf] = {}
        self._woken = asyncio.Event()

    async def take(self, key: str, name: MachineName) -> Made | None:
        """A standing machine, called ``name`` from now on; ``None`` if none stands by."""
        shelf = self._shelves.get(key)
        while shelf and shelf.ready:
            standby, _ = shelf.ready.popleft()
            self._woken.set()
            if self._fleet.alive().get(standby):
                return await self._fleet.rename(standby, name)
            await self._fleet.destroy(standby)
        return None

    def want(self, key: str, count: int, start: Start) -> None:
        """Have ``count`` machines of this template stand by from now on."""
        if count > 0 and key not in self._shelves:
            self._shelves[key] = _Shelf(count, start)
            self._woken.set()

    async def drop(self, key: str) -> None:
        """No more machines of this template: it is out of use."""
        if shelf := self._shelves.pop(key, None):
            await self._clear(shelf)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._woken.clear()
            await self.tend()
            try:
                async with asyncio.timeout(TEND_SECONDS):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def tend(self) -> None:
        """One pass: the dead and the old go, then each shelf is filled as far as memory allows."""
        for shelf in list(self._shelves.values()):
            await self._weed(shelf)
            if self._free_memory() < LEAST_FREE:
                await self._clear(shelf)
            while len(shelf.ready) < shelf.wanted and self._free_memory() >= LEAST_FREE:
                if not await self._add(shelf):
                    break

    def standing(self) -> int:
        """How many machines stand by."""
        return sum(len(shelf.ready) for shelf in self._shelves.values())

    async def _add(self, shelf: _Shelf) -> bool:
        name = MachineName(f"{STANDBY_PREFIX}{secrets.token_hex(6)}")
        try:
            await shelf.start(name)
        except (SolsticeError, TimeoutError, OSError):
            # Jobs find out by themselves, with a reason, when they restore directly.
            await self._fleet.destroy(name)
            return False
        shelf.ready.append((name, time.monotonic()))
        return True

    async def _weed(self, shelf: _Shelf) -> None:
        alive, oldest = self._fleet.alive(), time.monotonic() - OLDEST.total_seconds()
        for name, since in list(shelf.ready):
            if since < oldest or not alive.get(name):
                shelf.ready.remove((name, since))
                await self._fleet.destroy(name)

    async def _clear(self, shelf: _Shelf) -> None:
        while shelf.ready:
            name, _ = shelf.ready.pop()
            await self._fleet.destroy(name)


def _free_memory() -> float:
    memory = psutil.virtual_memory()
    return float(memory.available / memory.total)
