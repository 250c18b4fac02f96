"""A hypervisor without machines: every operation succeeds or fails as told."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from solstice.domain.errors import Transient
from solstice.domain.image import Image
from solstice.domain.lease import MachineName
from solstice.domain.machine import Booted, MachineOrder

Guest = Callable[[MachineOrder], Coroutine[Any, Any, bytes]]
"""What goes on in a machine; returns its last words on the console, then the machine powers off."""


class FakeHypervisor:
    """Machines as entries of a dictionary, each with a task for its guest.

    ``prepare_errors`` and ``boot_errors`` are raised by the next calls, one each. With ``hang_in_boot``
    a boot returns only once its machine is destroyed.
    """

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        self.changed = changed
        self.guest: Guest | None = None
        self.prepared: list[str] = []
        self.prepare_errors: list[Exception] = []
        self.boot_errors: list[Exception] = []
        self.hang_in_boot = False
        self.orders: list[MachineOrder] = []
        self.destroyed: list[MachineName] = []
        self._alive: dict[MachineName, bool] = {}
        self._consoles: dict[MachineName, bytes] = {}
        self._guests: dict[MachineName, asyncio.Task[None]] = {}
        self._doomed: dict[MachineName, asyncio.Event] = {}
        self._lost: list[BaseException] = []

    async def prepare(self, image: Image) -> None:
        self.prepared.append(image.name)
        if self.prepare_errors:
            raise self.prepare_errors.pop(0)

    async def boot(self, order: MachineOrder) -> Booted:
        assert order.name not in {known.name for known in self.orders}, "a name is used once"
        self.orders.append(order)
        self._alive[order.name] = True
        self._doomed[order.name] = asyncio.Event()
        if self.boot_errors:
            self._alive[order.name] = False
            raise self.boot_errors.pop(0)
        if self.hang_in_boot:
            await self._doomed[order.name].wait()
        await asyncio.sleep(0)
        if order.name not in self._alive:
            raise Transient(f"machine {order.name} was destroyed while it booted")
        if self.guest:
            self._guests[order.name] = asyncio.create_task(self._live(order, self.guest))
        return Booted("cold")

    async def machines(self) -> Mapping[MachineName, bool]:
        return dict(self._alive)

    async def destroy(self, machine: MachineName) -> None:
        self._alive.pop(machine, None)
        self._consoles.pop(machine, None)
        self.destroyed.append(machine)
        if doomed := self._doomed.get(machine):
            doomed.set()
        if guest := self._guests.pop(machine, None):
            guest.cancel()
            await asyncio.wait([guest])

    async def console(self, machine: MachineName) -> bytes:
        return self._consoles.get(machine, b"")

    async def retain(self, machine: MachineName, folder: Path) -> None:
        console = self._consoles.get(machine, b"")
        self.die(machine)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "console.log").write_bytes(console)

    def add(self, machine: MachineName, *, alive: bool = True, console: bytes = b"") -> None:
        """A machine that was there before."""
        self._alive[machine], self._consoles[machine] = alive, console

    def say(self, machine: MachineName, console: bytes) -> None:
        """Words on the machine's console."""
        self._consoles[machine] = self._consoles.get(machine, b"") + console

    def die(self, machine: MachineName, console: bytes = b"") -> None:
        """The machine's process ends, after some last words."""
        if self._alive.get(machine):
            self.say(machine, console)
            self._alive[machine] = False
            if guest := self._guests.pop(machine, None):
                guest.cancel()
            self.changed()

    def fail_loudly(self) -> None:
        """Raise what a guest's script broke on, if one did: a mistake of the test."""
        if self._lost:
            raise self._lost[0]

    async def _live(self, order: MachineOrder, guest: Guest) -> None:
        try:
            words = await guest(order)
        except Exception as error:  # noqa: BLE001 - kept for the test to raise
            self._lost.append(error)
            words = b"the guest's script broke"
        self._guests.pop(order.name, None)
        self.die(order.name, words)
