"""Rooms over fakes, stopped at the end of each test."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.rooms import Rooms


@pytest.fixture
async def rooms() -> AsyncIterator[Rooms]:
    made = Rooms()
    yield made
    await made.close()
    made.hypervisor.fail_loudly()
