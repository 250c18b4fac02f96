"""The `qemu` hypervisor: one QEMU process a machine, on this host."""

import asyncio
import contextlib
import logging
import os
import secrets
import shutil
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path

from qemu.qmp import QMPError

from solstice.adapters.faults import disk_fault
from solstice.adapters.machines.accelerator import AcceleratorProbe
from solstice.adapters.machines.disk import check_reachable, give, make_overlay
from solstice.adapters.machines.fleet import Fleet, Made
from solstice.adapters.machines.folder import MachineRoot
from solstice.adapters.machines.laps import Laps
from solstice.adapters.machines.monitor import Monitor
from solstice.adapters.machines.qemu_command import Accelerator, Unprivileged, choose_user, qemu_command
from solstice.adapters.machines.template import TemplateShelf
from solstice.adapters.machines.warm import TEMPLATE_PREFIX, Phases, WarmStarts
from solstice.domain.errors import MachineFault
from solstice.domain.image import Image, ReadyImage, SeedKind
from solstice.domain.lease import MachineName
from solstice.domain.machine import Booted, MachineOrder
from solstice.domain.plan import Network

log = logging.getLogger(__name__)

PROGRAM = "qemu-system-x86_64"
INSTALL = "apt-get install qemu-system-x86 qemu-utils util-linux coreutils"
TEMPLATE_GROUP = 61_199
"""The group that may read templates when we are root: every QEMU of ours, and nobody else."""
FIRST_UID, UIDS = 61_200, 4_000
"""User ids for machines when we are root: within the range systemd gives to transient users."""
LOOPBACK_NOTICE = (
    'machines with network "outbound" can reach services on this host\'s loopback for now; '
    'network "none" reaches nothing'
)


class QemuHypervisor:
    """Machines as QEMU processes under ``root``; ``changed`` is called when one ends by itself.

    ``ready`` has an image at hand, ``write_seed`` makes the seed CD for an order, ``endpoint`` is the
    unix socket of the orchestrator's gRPC server, ``notice`` says a line to whoever watches. ``agent``
    is the zipapp in the seeds; with ``warm_wait`` machines are cloned from templates, which may take
    that long to make.
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
        agent: Path,
        warm_wait: timedelta | None,
        program: str = PROGRAM,
    ) -> None:
        self._fleet = Fleet(root, endpoint)
        self._agent, self._warm_wait, self._cache_dir = agent, warm_wait, cache_dir
        self._warm: WarmStarts | None = None
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
        if self._warm_wait and not self._warm:
            self._warm = await self._start_warm(self._warm_wait)

    async def _start_warm(self, wait: timedelta) -> WarmStarts:
        return WarmStarts(
            shelf=TemplateShelf(self._cache_dir / "templates", TEMPLATE_GROUP if os.geteuid() == 0 else None),
            fleet=self._fleet,
            program=self._program,
            version=await _version(self._program),
            agent=self._agent,
            write_seed=self._write_seed,
            notice=self._say_once,
            wait=wait,
        )

    async def boot(self, order: MachineOrder) -> Booted:
        """A clone of a template, or a cold boot where there is none or it does not come up."""
        image = self._images[order.image.name]
        accelerator, _ = await self._probe.ask(image.kernel, image.initrd)
        if order.network is Network.OUTBOUND:
            self._say_once(LOOPBACK_NOTICE)
        user = choose_user(FIRST_UID + secrets.randbelow(UIDS), accelerator, TEMPLATE_GROUP)
        check_reachable(self._fleet.folder(order.name), image.disk)
        template = await self._warm.template(order, image, accelerator, user) if self._warm else None
        if template and self._warm:
            clone = partial(self._warm.restore, template, order, image, accelerator, user)
            try:
                return Booted("restored", await self._boot(order, user, clone))
            except (MachineFault, QMPError, TimeoutError) as error:
                await self._fleet.destroy(order.name)
                await self._warm.give_up(template, str(error) or "it did not answer")
        cold = partial(self._boot_cold, order, image, accelerator, user)
        return Booted("cold", await self._boot(order, user, cold))

    async def _boot(
        self, order: MachineOrder, user: Unprivileged | None, way: Callable[[Made], Awaitable[Phases]]
    ) -> Phases:
        async def start(made: Made) -> Phases:
            phases = await way(made)
            if made.process:
                made.spawn(self._watch_end(order.name, made.process))
            return phases

        return await self._fleet.boot(order, user.uid if user else None, start)

    async def _boot_cold(
        self,
        order: MachineOrder,
        image: ReadyImage,
        accelerator: Accelerator,
        user: Unprivileged | None,
        made: Made,
    ) -> Phases:
        laps, owner, folder = Laps(), user.uid if user else None, made.folder
        await make_overlay(folder / "disk.qcow2", image.disk, image.disk_format.value, order.disk, owner)
        laps.lap("overlay")
        if image.image.seed is not SeedKind.NONE:
            await asyncio.to_thread(self._write_seed, folder / "seed.iso", order)
            give(folder / "seed.iso", owner)
        laps.lap("seed")
        await made.channel.start(owner)
        await made.console.start(owner)
        monitor = Monitor(made)
        command = qemu_command(self._program, order, image, accelerator)
        await monitor.start_qemu(command, order.lifetime, user)
        made.spawn(monitor.watch_port(made.channel))
        laps.lap("qemu")
        return laps.all

    async def _watch_end(self, name: MachineName, process: asyncio.subprocess.Process) -> None:
        await process.wait()
        log.info("machine %s ended with %s", name, process.returncode)
        self._changed()

    async def machines(self) -> Mapping[MachineName, bool]:
        """By their folders; alive while QEMU runs or is about to. Those of templates are our own affair."""
        alive = self._fleet.alive()
        return {name: alive[name] for name in alive if not name.startswith(TEMPLATE_PREFIX)}

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


def _move_out(machine: Path, folder: Path, console: bytes) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "console.log").write_bytes(console)
        with contextlib.suppress(FileNotFoundError):
            shutil.move(machine / "disk.qcow2", folder / "disk.qcow2")
    except OSError as error:
        raise disk_fault(f"cannot keep the machine in {folder}", error) from error


async def _version(program: str) -> str:
    process = await asyncio.create_subprocess_exec(
        program, "--version", stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    return said.decode(errors="replace").partition("\n")[0]
