"""Rooms whose clock is the event loop's, for stories that take minutes."""

from typing import Any

from tests import builders
from tests.fakes.clock import LoopClock
from tests.fakes.meddling import Meddler
from tests.fakes.rooms import Rooms


def timed_rooms(meddler: Meddler | None = None, **bounds: Any) -> Rooms:
    """Rooms with these bounds; use within `virtual_time`."""
    return Rooms(bounds=builders.bounds(**bounds), clock=LoopClock(), meddler=meddler)
