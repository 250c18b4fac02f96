"""A port between a room and its adapter that makes one chosen call go wrong."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any


class Trouble(Enum):
    """How a call goes wrong."""

    RAISES_BEFORE = "raises before anything happened"
    RAISES_AFTER = "raises although it was done"
    HANGS = "never returns"


class Meddler:
    """Counts the calls of all its ports; the call number ``strike`` goes wrong."""

    def __init__(
        self,
        strike: int | None = None,
        trouble: Trouble = Trouble.RAISES_BEFORE,
        error: Exception | None = None,
    ) -> None:
        self.calls: list[str] = []
        self._strike, self._trouble = strike, trouble
        self._error = error or AssertionError("no error was given")

    def between(self, name: str, port: Any) -> Any:
        """``port`` under this meddler's eyes."""
        return _Meddled(name, port, self)

    async def call(self, name: str, deed: Callable[[], Awaitable[Any]]) -> Any:
        """Do the deed, unless it is the one that goes wrong."""
        number = len(self.calls)
        self.calls.append(name)
        if number != self._strike:
            return await deed()
        if self._trouble is Trouble.HANGS:
            await asyncio.Event().wait()
        if self._trouble is Trouble.RAISES_AFTER:
            await deed()
        raise self._error


class _Meddled:
    def __init__(self, name: str, port: Any, meddler: Meddler) -> None:
        self._name, self._port, self._meddler = name, port, meddler

    def __getattr__(self, method: str) -> Any:
        real = getattr(self._port, method)
        if not inspect.iscoroutinefunction(real):
            return real

        async def call(*args: Any, **kwargs: Any) -> Any:
            return await self._meddler.call(f"{self._name}.{method}", lambda: real(*args, **kwargs))

        return call
