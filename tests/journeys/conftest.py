"""Places for journeys: in a sandbox where the machine is not the subject, in QEMU where it is."""

from collections.abc import Iterator

import pytest

from tests.journeys.running import Place, make_place


@pytest.fixture
def sandboxed() -> Iterator[Place]:
    """A repository whose jobs run in sandboxes."""
    with make_place("--hypervisor", "sandbox") as place:
        yield place


@pytest.fixture
def place() -> Iterator[Place]:
    """A repository whose jobs run in virtual machines."""
    with make_place() as place:
        yield place


@pytest.fixture(params=["sandbox", pytest.param("qemu", marks=pytest.mark.machine)])
def either(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A repository whose jobs run in sandboxes, and again in virtual machines."""
    with make_place("--hypervisor", request.param) as place:
        yield place
