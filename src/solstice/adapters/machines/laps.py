"""How long the parts of a boot take."""

import time
from datetime import timedelta


class Laps:
    """Durations from one lap to the next, by name."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._laps: list[tuple[str, timedelta]] = []

    def lap(self, name: str) -> None:
        """This part is over."""
        now = time.monotonic()
        self._laps.append((name, timedelta(seconds=now - self._last)))
        self._last = now

    @property
    def all(self) -> tuple[tuple[str, timedelta], ...]:
        """The parts so far, in order."""
        return tuple(self._laps)
