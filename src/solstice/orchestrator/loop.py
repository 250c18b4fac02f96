"""How a loop of the orchestrator goes round: on a nudge, else on a timer."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta


class Loop:
    """Calls an idempotent pass soon after each `nudge`, at the latest once a ``period``."""

    def __init__(self, one_pass: Callable[[], Awaitable[None]], period: timedelta) -> None:
        self._pass = one_pass
        self._period = period
        self._woken = asyncio.Event()

    def nudge(self) -> None:
        """Go round soon."""
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled. What a pass raises ends the loop, and with it the process: it is a bug."""
        while True:
            self._woken.clear()
            await self._pass()
            try:
                async with asyncio.timeout(self._period.total_seconds()):
                    await self._woken.wait()
            except TimeoutError:
                pass
