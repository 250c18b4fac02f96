"""How a job stands while it runs: what has gone wrong so far, and whether somebody called it off."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from solstice.wire.agent import messages

CANCEL_GRACE_SECONDS = 60.0
"""How long steps for the cancelled, and artifacts, may take after a job was stopped."""


_CLEAR_UP_SECONDS = 5.0


class PhaseFailed(Exception):
    """A part of the job did not work; the message is one line for people."""


@dataclass(slots=True)
class Standing:
    """The job's state as its conditions see it. ``stop`` is done once the job is called off."""

    stop: "asyncio.Future[None]"
    failed: bool = False
    reason: str = ""
    unprepared: bool = False
    """A setup step failed: no step may run."""
    stopped_as: Any = None
    _stopped_at: float = field(default=0.0)

    def fail(self, reason: str) -> None:
        """The job fails; the first reason stays."""
        if not self.failed and self.stopped_as is None:
            self.reason = reason
        self.failed = True

    def call_off(self, result: Any, reason: str) -> None:
        """End what runs, as cancelled or as out of time; only the first call counts."""
        if self.stopped_as is None:
            self.stopped_as, self.reason = result, reason
            self._stopped_at = time.monotonic()
            self.stop.set_result(None)

    def allows(self, step: Any) -> bool:
        """Whether the step's condition holds now."""
        if self.unprepared:
            return False
        if self.stopped_as is not None:
            return bool(step.on_cancel) and self.seconds_left() > 0
        return bool(step.on_failure if self.failed else step.on_success)

    def seconds_left(self) -> float:
        """What is left of the grace after the job was stopped."""
        return self._stopped_at + CANCEL_GRACE_SECONDS - time.monotonic()

    async def bound(self, work: Coroutine[Any, Any, None], *, last: bool) -> None:
        """Await the work; `PhaseFailed` if the job is called off and the work's grace runs out.

        The ``last`` works of a job have what is left of the job's grace, others a moment to clear up.
        """
        working = asyncio.create_task(work)
        try:
            if self.stopped_as is None:
                waited: set[asyncio.Future[Any]] = {working, self.stop}
                await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if self.stopped_as is not None:
                grace_seconds = max(0.0, self.seconds_left()) if last else _CLEAR_UP_SECONDS
                await asyncio.wait({working}, timeout=grace_seconds)
        finally:
            working.cancel()
            await asyncio.wait({working})
        if working.cancelled():
            raise PhaseFailed("it took longer than a job may that was called off")
        working.result()

    def result(self) -> Any:
        """The job's result if it ended now."""
        if self.stopped_as is not None:
            return self.stopped_as
        return messages.JOB_RESULT_FAILED if self.failed else messages.JOB_RESULT_SUCCEEDED
