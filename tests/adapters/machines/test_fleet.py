"""Starting machines: whose fault it is when one does not come up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from solstice.adapters.machines.fleet import Fleet, Made
from solstice.adapters.machines.folder import MachineRoot
from solstice.domain.errors import MachineFault
from tests.builders import order


@pytest.fixture
def fleet(state_dir: Path) -> Iterator[Fleet]:
    root = MachineRoot(state_dir)
    root.open()
    yield Fleet(root, state_dir / "grpc")
    root.close()


@pytest.mark.parametrize(
    ("raised", "told"),
    [(TimeoutError(), TimeoutError), (PermissionError(13, "Permission denied"), MachineFault)],
    ids=["a guest that does not answer", "a disk that cannot be written"],
)
async def test_only_what_the_disk_did_is_told_as_the_disk_s_fault(
    fleet: Fleet, raised: OSError, told: type[Exception]
) -> None:
    async def start(made: Made) -> None:
        raise raised

    with pytest.raises(told) as caught:
        await fleet.boot(order(), None, start)
    assert type(caught.value) is told
