"""What every hypervisor does: on the fake, on sandboxes, on virtual machines."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from solstice.domain.errors import MachineFault, SolsticeError
from solstice.domain.image import Image
from solstice.domain.job import JobState
from solstice.domain.lease import MachineName
from solstice.domain.machine import MachineOrder
from solstice.domain.plan import Network
from solstice.orchestrator.app import AgentApp
from solstice.orchestrator.ports import Hypervisor
from tests import builders
from tests.contracts.real_machines import (
    Traces,
    make_qemu,
    make_sandbox,
    no_program_qemu,
    shipped_debian,
    traces_below,
)
from tests.fakes.guests import OUTPUT, works
from tests.fakes.hypervisor import FakeHypervisor
from tests.fakes.rooms import Rooms

PATIENCE_SECONDS = 60
NAME = MachineName("solstice-contract-1")


@dataclass
class Rig:
    """A hypervisor, where it keeps its machines, and what it called us for."""

    kind: str
    hypervisor: Hypervisor
    image: Image
    rooms: Rooms
    traces: Callable[[], Traces]
    kill: Callable[[MachineName], None]
    """End the machine's process from outside."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def order(self, name: str = NAME, token: str = "token") -> MachineOrder:  # noqa: S107
        return replace(builders.order(name, token=token, of=self.image), network=Network.NONE)

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait, a little at a time, for what other processes do."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await holds():  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.02)


@asynccontextmanager
async def open_rig(kind: str, state_dir: Path) -> AsyncIterator[Rig]:
    rooms, changed = Rooms(), asyncio.Event()
    if kind == "fake":
        fake = rooms.hypervisor
        fake.changed = changed.set
        fake.guest = works(lambda: rooms.sessions, seconds=0.01)
        yield Rig(kind, fake, builders.image(), rooms, Traces, fake.die, changed)
        await rooms.close()
        return
    app, endpoint = AgentApp(rooms.sessions), state_dir / "grpc"
    await app.start(endpoint)
    make = make_qemu if kind == "qemu" else make_sandbox
    root, hypervisor = make(state_dir, endpoint, changed.set)
    image = shipped_debian() if kind == "qemu" else builders.image()

    def kill(machine: MachineName) -> None:
        for pid in traces_below(root.folder(machine)).processes:
            os.kill(pid, signal.SIGKILL)

    try:
        await hypervisor.prepare(image)
        yield Rig(kind, hypervisor, image, rooms, lambda: traces_below(root.path), kill, changed)
    finally:
        for machine in await hypervisor.machines():
            await hypervisor.destroy(machine)
        root.close()
        await app.stop()
        await rooms.close()


@pytest.fixture(params=["fake", "sandbox", pytest.param("qemu", marks=pytest.mark.machine)])
async def rig(request: pytest.FixtureRequest, state_dir: Path) -> AsyncIterator[Rig]:
    async with open_rig(request.param, state_dir) as made:
        yield made


async def test_a_machine_boots_its_agent_does_a_job_and_nothing_is_left(rig: Rig) -> None:
    """The long story in one test, for a virtual machine takes its time to boot."""
    await rig.rooms.add(builders.job_plan("a", steps=(builders.step(f"printf '%s' '{OUTPUT.decode()}'"),)))
    await rig.rooms.launch_ready()
    order = rig.rooms.hypervisor.orders[0]
    if rig.kind != "fake":
        # The rooms' own fake gave the order; the hypervisor in question carries it out.
        order = replace(order, image=rig.image, network=Network.NONE, memory=builders.MIB * 256)
        booted = await rig.hypervisor.boot(order)
        assert booted.way
        assert await rig.hypervisor.machines() == {order.name: True}
        assert rig.traces().processes

    async def is_over() -> bool:
        return (await rig.rooms.job("a")).state.is_over

    await rig.until(is_over)
    done = await rig.rooms.job("a")
    assert done.state is JobState.SUCCEEDED
    assert OUTPUT in rig.rooms.logs.kept[done.id, 1]

    await rig.hypervisor.destroy(order.name)
    await rig.hypervisor.destroy(order.name)
    assert await rig.hypervisor.machines() == {}
    assert await rig.hypervisor.console(order.name) == b""
    assert rig.traces() == Traces()


async def test_a_machine_that_is_killed_is_reported_dead_and_keeps_its_last_words(
    rig: Rig, tmp_path: Path
) -> None:
    await rig.hypervisor.boot(rig.order(token="nobody knows it"))
    if isinstance(rig.hypervisor, FakeHypervisor):
        rig.hypervisor.say(NAME, b"words")

    async def has_spoken() -> bool:
        return bool((await rig.hypervisor.console(NAME)).strip())

    if rig.kind == "qemu":
        await rig.until(has_spoken)
    rig.kill(NAME)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await rig.changed.wait()
    assert await rig.hypervisor.machines() == {NAME: False}
    words = await rig.hypervisor.console(NAME)

    await rig.hypervisor.retain(NAME, tmp_path / "kept")
    assert (tmp_path / "kept/console.log").read_bytes() == words
    if rig.kind == "qemu":
        assert (tmp_path / "kept/disk.qcow2").stat().st_size > 0
    assert NAME in await rig.hypervisor.machines(), "what is retained is still to be destroyed"
    await rig.hypervisor.destroy(NAME)
    assert rig.traces() == Traces()


async def test_a_machine_that_lives_can_be_retained(rig: Rig, tmp_path: Path) -> None:
    await rig.hypervisor.boot(rig.order(token="nobody knows it"))
    await rig.hypervisor.retain(NAME, tmp_path / "kept")
    assert (tmp_path / "kept/console.log").exists()
    assert (await rig.hypervisor.machines()).get(NAME) is not True
    await rig.hypervisor.destroy(NAME)
    assert rig.traces() == Traces()


async def test_destroying_a_name_that_never_was_is_no_mistake(rig: Rig) -> None:
    await rig.hypervisor.destroy(MachineName("solstice-nobody-7"))
    assert await rig.hypervisor.machines() == {}
    assert await rig.hypervisor.console(MachineName("solstice-nobody-7")) == b""


@pytest.mark.parametrize("turns", [0, 1, 3, 10, 50, 200])
async def test_a_machine_destroyed_while_it_boots_never_comes_up(rig: Rig, turns: int) -> None:
    boot = asyncio.ensure_future(rig.hypervisor.boot(rig.order(token="nobody knows it")))
    for _ in range(turns):
        await asyncio.sleep(0.0005)
    await rig.hypervisor.destroy(NAME)
    with contextlib.suppress(SolsticeError):
        await boot
    # A boot that had not begun, or was over, is not what was destroyed.
    await rig.hypervisor.destroy(NAME)
    assert await rig.hypervisor.machines() == {}
    assert rig.traces() == Traces()


@pytest.mark.parametrize("turns", [1, 10, 100])
async def test_a_boot_that_is_given_up_leaves_something_that_can_be_destroyed(rig: Rig, turns: int) -> None:
    boot = asyncio.ensure_future(rig.hypervisor.boot(rig.order(token="nobody knows it")))
    for _ in range(turns):
        await asyncio.sleep(0.0005)
    boot.cancel()
    await asyncio.wait([boot])
    await rig.hypervisor.destroy(NAME)
    assert await rig.hypervisor.machines() == {}
    assert rig.traces() == Traces()


async def test_a_machine_that_is_about_to_live_is_never_called_dead(rig: Rig) -> None:
    boot = asyncio.ensure_future(rig.hypervisor.boot(rig.order(token="nobody knows it")))
    while not boot.done():
        assert set((await rig.hypervisor.machines()).values()) <= {True}
        await asyncio.sleep(0)
    await boot
    await rig.hypervisor.destroy(NAME)


async def test_machines_boot_and_end_at_once_without_getting_in_each_others_way(rig: Rig) -> None:
    names = [MachineName(f"solstice-contract-{number}") for number in (1, 2)]
    await asyncio.gather(*(rig.hypervisor.boot(rig.order(name, token="nobody's")) for name in names))
    assert set(await rig.hypervisor.machines()) == set(names)
    await asyncio.gather(*(rig.hypervisor.destroy(name) for name in names))
    assert await rig.hypervisor.machines() == {}
    assert rig.traces() == Traces()


async def test_a_missing_program_is_a_fault_of_this_machine_with_the_remedy(state_dir: Path) -> None:
    with pytest.raises(MachineFault) as caught:
        await no_program_qemu(state_dir).prepare(builders.image())
    assert "this machine has no" in str(caught.value)
    assert "apt-get install" in caught.value.remedy
