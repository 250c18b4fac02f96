"""The machines this process has made: what is held of each, whether it lives, how it ends."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from solstice.adapters.faults import disk_fault
from solstice.adapters.machines.channel import AgentChannel, prepare_for
from solstice.adapters.machines.console import Console
from solstice.adapters.machines.folder import MachineRoot, end_processes
from solstice.domain.errors import Transient
from solstice.domain.lease import MachineName
from solstice.domain.machine import MachineOrder

T = TypeVar("T")


@dataclass(eq=False, slots=True)
class Made:
    """A machine's folder, its two sockets' listeners, its process once it has one."""

    folder: Path
    channel: AgentChannel
    console: Console
    process: asyncio.subprocess.Process | None = None
    boot: "asyncio.Task[Any] | None" = None
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    @property
    def is_alive(self) -> bool:
        """Whether its process runs, or is about to."""
        if self.boot is None or not self.boot.done():
            return True
        return self.process is not None and self.process.returncode is None

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run something for as long as the machine is there."""
        self.tasks.append(asyncio.create_task(coroutine))

    async def start(
        self, command: Sequence[str], output: Any, pass_fds: Sequence[int] = ()
    ) -> asyncio.subprocess.Process:
        """Start its process in its folder: that is how its processes are found again."""
        self.process = await asyncio.create_subprocess_exec(
            *command,
            cwd=self.folder,
            pass_fds=pass_fds,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        return self.process

    async def stop(self) -> None:
        """End its process, even one that is about to start, and hang up."""
        if self.boot and not self.boot.done():
            self.boot.cancel()
            await asyncio.wait([self.boot])
        if self.process and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            await self.process.wait()
        await self.channel.stop()
        await self.console.stop()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


class Fleet:
    """Machines by name, under one root."""

    def __init__(self, root: MachineRoot, endpoint: Path) -> None:
        self._root, self._endpoint = root, endpoint
        self._made: dict[MachineName, Made] = {}

    async def boot(self, order: MachineOrder, owner: int | None, start: Callable[[Made], Awaitable[T]]) -> T:
        """Make a machine's folder, then ``start`` it; `destroy` may come in between."""
        folder = self._root.folder(order.name)
        channel = AgentChannel(folder / "agent", self._endpoint, prepare_for(order.name, order.token))
        made = Made(folder, channel, Console(folder / "console", folder / "console.log"))
        # Before its folder is there: whoever finds the folder has to find that it is about to live.
        self._made[order.name] = made
        made.boot = boot = asyncio.create_task(self._start(order, owner, made, start))
        try:
            await asyncio.wait([boot])
        except asyncio.CancelledError:
            boot.cancel()
            await asyncio.wait([boot])
            raise
        if boot.cancelled():
            raise Transient(f"machine {order.name} was destroyed while it booted")
        result: T = boot.result()
        return result

    async def _start(
        self, order: MachineOrder, owner: int | None, made: Made, start: Callable[[Made], Awaitable[T]]
    ) -> T:
        try:
            await _to_the_end(asyncio.to_thread(self._root.create, order.name, owner))
            return await start(made)
        except TimeoutError:
            # An OSError to Python, and yet nothing the disk has done.
            raise
        except OSError as error:
            raise disk_fault(f"cannot start machine {order.name}", error) from error

    async def rename(self, standby: MachineName, name: MachineName) -> Made:
        """Give a machine the name it is known by from now on; its folder moves under its processes."""
        made = self._made.pop(standby)
        self._made[name] = made
        await asyncio.to_thread(made.folder.rename, self._root.folder(name))
        made.folder = self._root.folder(name)
        return made

    def alive(self) -> Mapping[MachineName, bool]:
        """Every machine that is there, and whether it lives."""
        return {name: name in self._made and self._made[name].is_alive for name in self._root.names()}

    def console(self, machine: MachineName) -> bytes:
        """What its console said; nothing for one we did not make."""
        made = self._made.get(machine)
        return made.console.read() if made else b""

    async def stop(self, machine: MachineName) -> None:
        """End its processes, to the last; the folder stays."""
        if made := self._made.get(machine):
            await made.stop()
        await asyncio.to_thread(end_processes, self._root.folder(machine))

    async def destroy(self, machine: MachineName) -> None:
        """End it and remove every trace."""
        made = self._made.get(machine)
        if made:
            await made.stop()
        await self._root.remove(machine)
        # Not one that began to boot meanwhile: it would be forgotten with its listeners.
        if made and self._made.get(machine) is made:
            del self._made[machine]

    async def close(self) -> None:
        """Destroy every machine."""
        for machine in self._root.names():
            await self.destroy(machine)

    def folder(self, machine: MachineName) -> Path:
        """Where it lives."""
        return self._root.folder(machine)


async def _to_the_end(deed: Coroutine[Any, Any, object]) -> None:
    """A thread cannot be cancelled: whoever is cancelled meanwhile waits until its deed is done."""
    task = asyncio.ensure_future(deed)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
