"""Warm starts: a template is made once of a machine that has just come up, and cloned for every job."""

import asyncio
import hashlib
import os
import platform
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from qemu.qmp import QMPError

from solstice.adapters.machines.disk import give, make_overlay
from solstice.adapters.machines.fleet import Fleet, Made
from solstice.adapters.machines.laps import Laps
from solstice.adapters.machines.monitor import Monitor
from solstice.adapters.machines.qemu_command import Blueprint, Memory, memory_mib, qemu_command
from solstice.adapters.machines.template import DISK, RAM, SEED, STATE, Template, TemplateShelf, template_key
from solstice.domain.errors import MachineFault, SolsticeError
from solstice.domain.lease import MachineName
from solstice.domain.machine import MachineOrder

TEMPLATE_PREFIX = "template-"
ANSWER_SECONDS = 15.0
"""A clone that has not answered by then will not: its template is put out of use."""

Phases = tuple[tuple[str, timedelta], ...]


class WarmStarts:
    """Templates of this host's machines: found, made when missing, cloned.

    ``agent`` is the zipapp the templates hold, ``wait`` how long the machine a template is made of may
    take to come up. A miss or a fault never fails a job: `template` is ``None`` then, and ``notice``
    says why, once.
    """

    def __init__(
        self,
        *,
        shelf: TemplateShelf,
        fleet: Fleet,
        program: str,
        version: str,
        agent: Path,
        write_seed: Callable[[Path, MachineOrder], None],
        notice: Callable[[str], None],
        wait: timedelta,
    ) -> None:
        self._shelf, self._fleet, self._program, self._version = shelf, fleet, program, version
        self._agent, self._write_seed, self._notice, self._wait = agent, write_seed, notice, wait
        self._loaded: dict[str, Template] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def template(self, blueprint: Blueprint, *, insist: bool = False) -> Template | None:
        """The template for machines like this one, made now if there is none; whoever insists has one made
        although the last one was put out of use."""
        facts = await asyncio.to_thread(self._facts, blueprint)
        key = template_key(facts)
        async with self._locks.setdefault(key, asyncio.Lock()):
            if key not in self._loaded and (insist or not self._shelf.refused(key)):
                found = await self._shelf.load(key) or await self._make(key, facts, blueprint)
                if found:
                    self._loaded[key] = found
            return self._loaded.get(key)

    async def _make(self, key: str, facts: dict[str, str], blueprint: Blueprint) -> Template | None:
        async with self._shelf.making(key):
            if found := await self._shelf.load(key):
                return found
            name = MachineName(f"{TEMPLATE_PREFIX}{key[:12]}")
            lifetime = self._wait + timedelta(minutes=1)
            order = replace(blueprint.order, name=name, token="", lifetime=lifetime)
            original = replace(blueprint, order=order)

            async def start(made: Made) -> None:
                await self._save(original, made)
                await self._shelf.publish(key, facts, made.folder)

            try:
                await self._fleet.boot(order, original.owner, start)
            except (SolsticeError, QMPError, TimeoutError, OSError) as error:
                reason = str(error) or "it did not come up in time"
                self._notice(f"no warm starts from {order.image.name}: {reason}")
                await self._shelf.quarantine(key, reason)
                return None
            finally:
                await self._fleet.destroy(name)
            return await self._shelf.load(key)

    async def _save(self, blueprint: Blueprint, made: Made) -> None:
        order, image, owner, folder = blueprint.order, blueprint.image, blueprint.owner, made.folder
        await make_overlay(folder / DISK, image.disk, image.disk_format.value, order.disk, owner)
        await asyncio.to_thread(self._write_seed, folder / SEED, order)
        give(folder / SEED, owner)
        await made.channel.start(owner, silent=True)
        await made.console.start(owner)
        monitor = Monitor(made)
        command = qemu_command(self._program, blueprint, Memory(RAM, shared=True))
        process = await monitor.start_qemu(command, order.lifetime, blueprint.user)
        made.spawn(monitor.watch_port(made.channel))
        async with asyncio.timeout(self._wait.total_seconds()):
            await _first(made.channel.guest_open.wait(), process.wait())
        if not made.channel.guest_open.is_set():
            raise MachineFault("the machine ended before its agent opened its channel")
        state = os.open(folder / STATE, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            await monitor.save(state)
        finally:
            os.close(state)
        await monitor.quit()
        await process.wait()

    async def restore(self, template: Template, blueprint: Blueprint, made: Made) -> Phases:
        """Clone the template; returns once the clone has answered its handshake."""
        laps = await self.clone(template, blueprint, made, silent=False)
        async with asyncio.timeout(ANSWER_SECONDS):
            await made.channel.spoken.wait()
        laps.lap("answer")
        return laps.all

    async def clone(
        self, template: Template, blueprint: Blueprint, made: Made, *, silent: bool, rehearse: bool = False
    ) -> Laps:
        """Clone the template; the clone runs on. With ``silent`` it waits for its identity."""
        laps, order = Laps(), blueprint.order
        await make_overlay(made.folder / DISK, template.disk, "qcow2", order.disk, blueprint.owner)
        laps.lap("overlay")
        await made.channel.start(blueprint.owner, silent=silent, rehearse=rehearse)
        await made.console.start(blueprint.owner)
        monitor = Monitor(made)
        memory = Memory(f"/dev/fd/{template.ram}", shared=False)
        command = qemu_command(self._program, blueprint, memory, str(template.seed))
        await monitor.start_qemu(command, order.lifetime, blueprint.user, pass_fds=(template.ram,))
        laps.lap("qemu")
        made.spawn(monitor.watch_port(made.channel))
        # A description of its own: the offset of a descriptor is shared by all its duplicates.
        state = os.open(f"/proc/self/fd/{template.state}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            await monitor.restore(state)
        finally:
            os.close(state)
        laps.lap("restore")
        made.channel.guest_changed(opened=True)
        return laps

    async def give_up(self, template: Template, reason: str) -> None:
        """Put a template out of use whose clone did not come up."""
        self._loaded.pop(template.key, None)
        self._notice(f"a warm start failed, so machines boot cold: {reason}")
        await self._shelf.quarantine(template.key, reason)

    def _facts(self, blueprint: Blueprint) -> dict[str, str]:
        order = blueprint.order
        # Without the place of the image's files: what they hold is the image's digest.
        place = str(blueprint.image.directory)
        command = [word.removeprefix(place) for word in qemu_command("qemu", blueprint)]
        return {
            "image": blueprint.image.digest,
            "agent": hashlib.sha256(self._agent.read_bytes()).hexdigest(),
            "qemu": self._version,
            "devices": " ".join(word for word in command if word != order.name),
            "memory": str(memory_mib(order)),
            "disk": str(order.disk),
            "host": describe_processor(),
        }


def describe_processor() -> str:
    """The host's processor, whose clock a saved guest goes on counting with."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    wanted = ("model name", "microcode", "flags", "Features", "CPU part")
    return "; ".join(dict.fromkeys(line for line in lines if line.startswith(wanted)))


async def _first(*coroutines: Coroutine[Any, Any, object]) -> None:
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
