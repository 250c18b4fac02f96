"""The machines this process has made: what is held of each, whether it lives, how it ends."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from solstice.adapters.machines.channel import AgentChannel, prepare_for
from solstice.adapters.machines.console import Console
from solstice.adapters.machines.folder import MachineRoot
from solstice.domain.lease import MachineName
from solstice.domain.machine import MachineOrder


@dataclass(eq=False, slots=True)
class Made:
    """A machine's folder, its two sockets' listeners, its process once it has one."""

    folder: Path
    channel: AgentChannel
    console: Console
    process: asyncio.subprocess.Process | None = None
    booting: bool = True
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    @property
    def is_alive(self) -> bool:
        """Whether its process runs, or is about to."""
        return self.booting or (self.process is not None and self.process.returncode is None)

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run something for as long as the machine is there."""
        self.tasks.append(asyncio.create_task(coroutine))

    async def start(self, command: Sequence[str], output: Any) -> asyncio.subprocess.Process:
        """Start its process in its folder: that is how its processes are found again."""
        self.process = await asyncio.create_subprocess_exec(
            *command,
            cwd=self.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        return self.process

    async def stop(self) -> None:
        """End its process and hang up."""
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

    async def make(self, order: MachineOrder, owner: int | None) -> Made:
        """The folder and the listeners of a machine that is about to boot."""
        folder = await asyncio.to_thread(self._root.create, order.name, owner)
        channel = AgentChannel(folder / "agent", self._endpoint, prepare_for(order.name, order.token))
        made = Made(folder, channel, Console(folder / "console", folder / "console.log"))
        self._made[order.name] = made
        return made

    def alive(self) -> Mapping[MachineName, bool]:
        """Every machine that is there, and whether it lives."""
        return {name: name in self._made and self._made[name].is_alive for name in self._root.names()}

    def console(self, machine: MachineName) -> bytes:
        """What its console said; nothing for one we did not make."""
        made = self._made.get(machine)
        return made.console.read() if made else b""

    async def stop(self, machine: MachineName) -> None:
        """End its process; the folder stays."""
        if made := self._made.get(machine):
            await made.stop()

    async def destroy(self, machine: MachineName) -> None:
        """End it and remove every trace."""
        await self.stop(machine)
        await self._root.remove(machine)
        self._made.pop(machine, None)

    def folder(self, machine: MachineName) -> Path:
        """Where it lives."""
        return self._root.folder(machine)
