"""Clocks that stand still until told otherwise, or that follow the event loop's own time."""

import asyncio
from datetime import datetime, timedelta

from tests.builders import NOON


class FakeClock:
    """Noon, until it is advanced."""

    def __init__(self, start: datetime = NOON) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, **amount: float) -> None:
        """Let time pass: ``advance(seconds=5)``."""
        self._now += timedelta(**amount)


class LoopClock:
    """The running loop's time, counted from noon; see `virtual_time`."""

    def now(self) -> datetime:
        return NOON + timedelta(seconds=asyncio.get_running_loop().time())
