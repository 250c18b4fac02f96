"""The `qemu` hypervisor: one QEMU process a machine, on this host."""

import asyncio
import contextlib
import logging
import os
import secrets
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from qemu.qmp import QMPClient, QMPError

from solstice.adapters.faults import disk_fault
from solstice.adapters.machines.accelerator import AcceleratorProbe
from solstice.adapters.machines.channel import AgentChannel
from solstice.adapters.machines.fleet import Fleet, Made
from solstice.adapters.machines.folder import MachineRoot
from solstice.adapters.machines.qemu_command import (
    Accelerator,
    Unprivileged,
    choose_user,
    guarded,
    qemu_command,
)
from solstice.domain.errors import MachineFault
from solstice.domain.image import Image, ReadyImage, SeedKind
from solstice.domain.lease import MachineName
from solstice.domain.machine import Booted, MachineOrder
from solstice.domain.plan import Network

log = logging.getLogger(__name__)

PROGRAM = "qemu-system-x86_64"
INSTALL = "apt-get install qemu-system-x86 qemu-utils util-linux coreutils"
MONITOR_SECONDS = 20.0
FIRST_UID, UIDS = 61_200, 4_000
"""User ids for machines when we are root: within the range systemd gives to transient users."""
LOOPBACK_NOTICE = (
    'machines with network "outbound" can reach services on this host\'s loopback for now; '
    'network "none" reaches nothing'
)


class QemuHypervisor:
    """Machines as QEMU processes under ``root``; ``changed`` is called when one ends by itself.

    ``ready`` has an image at hand, ``write_seed`` makes the seed CD for an order, ``endpoint`` is the
    unix socket of the orchestrator's gRPC server, ``notice`` says a line to whoever watches.
    """

    def __init__(
        self,
        *,
        root: MachineRoot,
        ready: Callable[[Image], Awaitable[ReadyImage]],
        write_seed: Callable[[Path, MachineOrder], None],
        endpoint: Path,
        cache_dir: Path,
        changed: Callable[[], None],
        notice: Callable[[str], None],
        program: str = PROGRAM,
    ) -> None:
        self._fleet = Fleet(root, endpoint)
        self._ready, self._write_seed = ready, write_seed
        self._changed, self._notice, self._program = changed, notice, program
        self._probe = AcceleratorProbe(program, cache_dir)
        self._images: dict[str, ReadyImage] = {}
        self._said: set[str] = set()

    async def prepare(self, image: Image) -> None:
        """Check for QEMU, fetch or build the image, find the accelerator."""
        missing = [
            name for name in (self._program, "qemu-img", "setpriv", "timeout") if not shutil.which(name)
        ]
        if missing:
            raise MachineFault(f"this machine has no {' and no '.join(missing)}", f"Install it: {INSTALL}.")
        ready = await self._ready(image)
        self._images[image.name] = ready
        _, why = await self._probe.ask(ready.kernel, ready.initrd)
        if why:
            self._say_once(why)

    async def boot(self, order: MachineOrder) -> Booted:
        """Folder, overlay, seed, listeners, QEMU."""
        image = self._images[order.image.name]
        accelerator, _ = await self._probe.ask(image.kernel, image.initrd)
        if order.network is Network.OUTBOUND:
            self._say_once(LOOPBACK_NOTICE)
        user = choose_user(FIRST_UID + secrets.randbelow(UIDS), accelerator.kind == "kvm")
        made = await self._fleet.make(order, user.uid if user else None)
        try:
            check_reachable(made.folder, image.disk)
            phases = await self._start(order, image, made, accelerator, user)
        finally:
            made.booting = False
        return Booted("cold", phases)

    async def _start(
        self,
        order: MachineOrder,
        image: ReadyImage,
        made: Made,
        accelerator: Accelerator,
        user: Unprivileged | None,
    ) -> tuple[tuple[str, timedelta], ...]:
        watch, owner, folder = _Watch(), user.uid if user else None, made.folder
        await make_overlay(folder / "disk.qcow2", image, order.disk, owner)
        watch.lap("overlay")
        if image.image.seed is not SeedKind.NONE:
            await asyncio.to_thread(self._write_seed, folder / "seed.iso", order)
            _give(folder / "seed.iso", owner)
        watch.lap("seed")
        await made.channel.start(owner)
        await made.console.start(owner)
        monitor = QMPClient("machine")
        await monitor.start_server(str(folder / "qmp"))
        _give(folder / "qmp", owner)
        command = qemu_command(self._program, order, image, folder, accelerator)
        with (folder / "qemu.log").open("wb") as output:
            process = await made.start(guarded(command, order.lifetime, user), output)
        made.spawn(self._watch_end(order.name, process))
        await self._monitor(monitor, folder, process)
        made.spawn(self._watch_port(monitor, made.channel))
        watch.lap("qemu")
        return tuple(watch.laps)

    async def _monitor(self, monitor: QMPClient, folder: Path, process: asyncio.subprocess.Process) -> None:
        accepted = asyncio.ensure_future(monitor.accept())
        ended = asyncio.ensure_future(process.wait())
        try:
            async with asyncio.timeout(MONITOR_SECONDS):
                await asyncio.wait((accepted, ended), return_when=asyncio.FIRST_COMPLETED)
            if accepted.done():
                await accepted
                return
        except (TimeoutError, QMPError, OSError) as error:
            log.info("no QMP session: %r", error)
        finally:
            ended.cancel()
            accepted.cancel()
        said = (folder / "qemu.log").read_text(errors="replace").strip()[-500:]
        raise MachineFault(f"QEMU did not start: {said or 'it said nothing'}", "See `solstice doctor`.")

    async def _watch_port(self, monitor: QMPClient, channel: AgentChannel) -> None:
        try:
            with monitor.listener("VSERPORT_CHANGE") as events:
                async for event in events:
                    data: Any = event["data"]
                    channel.guest_changed(bool(data["open"]))
        except (QMPError, OSError):
            pass
        finally:
            with contextlib.suppress(QMPError, OSError, asyncio.CancelledError):
                await monitor.disconnect()

    async def _watch_end(self, name: MachineName, process: asyncio.subprocess.Process) -> None:
        await process.wait()
        log.info("machine %s ended with %s", name, process.returncode)
        self._changed()

    async def machines(self) -> Mapping[MachineName, bool]:
        """By their folders; alive while QEMU runs or is about to."""
        return self._fleet.alive()

    async def destroy(self, machine: MachineName) -> None:
        """Kill QEMU and remove the folder."""
        await self._fleet.destroy(machine)

    async def console(self, machine: MachineName) -> bytes:
        """What the serial console said."""
        return self._fleet.console(machine)

    async def retain(self, machine: MachineName, folder: Path) -> None:
        """Stop the machine and keep its disk and console."""
        console = self._fleet.console(machine)
        await self._fleet.stop(machine)
        await asyncio.to_thread(_move_out, self._fleet.folder(machine), folder, console)

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._notice(text)


class _Watch:
    """Durations between laps."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self.laps: list[tuple[str, timedelta]] = []

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps.append((name, timedelta(seconds=now - self._last)))
        self._last = now


async def make_overlay(path: Path, image: ReadyImage, size: int, owner: int | None) -> None:
    """An empty qcow2 over the image's disk, which is never written to."""
    command = ["qemu-img", "create", "-q", "-f", "qcow2"]
    command += ["-b", str(image.disk), "-F", image.disk_format.value, str(path)]
    process = await asyncio.create_subprocess_exec(
        *command,
        *([str(size)] if size else []),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, complaint = await process.communicate()
    if process.returncode != 0:
        text = complaint.decode(errors="replace").strip()
        raise MachineFault(
            f"cannot make a disk over image {image.image.name}: {text}", "See `solstice doctor`."
        )
    _give(path, owner)


def check_reachable(*paths: Path) -> None:
    """Refuse a place that QEMU's own user could not reach."""
    if os.geteuid() != 0:
        return
    for path in paths:
        for parent in path.resolve().parents:
            if parent.exists() and not parent.stat().st_mode & 0o001:
                raise MachineFault(
                    f"{parent} is closed to other users, and QEMU does not run as root",
                    f"Open it (chmod o+x {parent}), or give another --state-dir and --cache-dir.",
                )


def _give(path: Path, owner: int | None) -> None:
    if owner is not None:
        os.chown(path, owner, owner)


def _move_out(machine: Path, folder: Path, console: bytes) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "console.log").write_bytes(console)
        with contextlib.suppress(FileNotFoundError):
            shutil.move(machine / "disk.qcow2", folder / "disk.qcow2")
    except OSError as error:
        raise disk_fault(f"cannot keep the machine in {folder}", error) from error
