"""An event loop whose clock jumps to the next timer whenever nothing else is left to do."""

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


LONGEST_STORY_SECONDS = 100 * 3600.0


class Stuck(AssertionError):
    """Everybody waits, and nobody has set a timer: in real time this would last for ever."""


class _JumpingSelector(selectors.SelectSelector):
    """Never waits: what would be waiting moves the loop's clock instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise Stuck("everybody waits for somebody else")
            self.now += max(timeout, 0.0)
            if self.now > LONGEST_STORY_SECONDS:
                raise Stuck("only the loops' own timers go on")
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """For code without threads and sockets."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def virtual_time(test: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Run an async test in virtual time: an hour of timers takes milliseconds, always in the same order."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            return runner.run(test(*args, **kwargs))

    return run
