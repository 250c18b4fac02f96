"""The `qemu` hypervisor: one QEMU process a machine, on this host."""

import asyncio
import logging
import os
import secrets
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from qemu.qmp import QMPError

from solstice.adapters.faults import disk_fault
from solstice.adapters.machines.accelerator import AcceleratorProbe
from solstice.adapters.machines.channel import prepare_for
from solstice.adapters.machines.disk import check_reachable, flatten, give, make_overlay
from solstice.adapters.machines.fleet import Fleet, Made
from solstice.adapters.machines.folder import MachineRoot
from solstice.adapters.machines.laps import Laps
from solstice.adapters.machines.monitor import Monitor
from solstice.adapters.machines.pool import OLDEST, STANDBY_PREFIX, Pool
from solstice.adapters.machines.qemu_command import Blueprint, choose_user, qemu_command
from solstice.adapters.machines.template import DISK, SEED, Template, TemplateShelf
from solstice.adapters.machines.warm import ANSWER_SECONDS, TEMPLATE_PREFIX, Phases, WarmStarts
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
REHEARSAL_SECONDS = 60.0
LONGEST_JOB = timedelta(hours=24)
OUR_OWN = (TEMPLATE_PREFIX, STANDBY_PREFIX)
LOOPBACK_NOTICE = (
    'machines with network "outbound" can reach services on this host\'s loopback for now; '
    'network "none" reaches nothing'
)


class QemuHypervisor:
    """Machines as QEMU processes under ``root``; ``changed`` is called when one ends by itself.

    ``ready`` has an image at hand, ``write_seed`` makes the seed CD for an order, ``endpoint`` is the
    unix socket of the orchestrator's gRPC server, ``notice`` says a line to whoever watches. ``agent``
    is the zipapp in the seeds; with ``warm_wait`` machines are cloned from templates, which may take
    that long to make. Emulated machines that stand by ``rehearse`` a job: their first real one then
    starts some three times sooner, for about 130 MB more each.
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
        rehearse: bool = True,
        program: str = PROGRAM,
    ) -> None:
        self._fleet = Fleet(root, endpoint)
        self._agent, self._warm_wait, self._cache_dir = agent, warm_wait, cache_dir
        self._rehearse = rehearse
        self._warm: WarmStarts | None = None
        self.pool = Pool(self._fleet)
        """Machines that stand by; whoever runs the process runs it too."""
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
        """A machine that stands by, a clone of a template, or a cold boot: the quickest way that works."""
        blueprint = await self._draw(order)
        if order.network is Network.OUTBOUND:
            self._say_once(LOOPBACK_NOTICE)
        check_reachable(self._fleet.folder(order.name), blueprint.image.disk)
        template = await self._warm.template(blueprint) if self._warm else None
        if template and self._warm:
            try:
                return await self._boot_warm(self._warm, template, blueprint)
            except (MachineFault, QMPError, TimeoutError) as error:
                await self._fleet.destroy(order.name)
                await self.pool.drop(template.key)
                await self._warm.give_up(template, str(error) or "it did not answer")
        phases = await self._boot(blueprint, partial(self._boot_cold, blueprint))
        return Booted("cold", phases)

    async def make_template(self, order: MachineOrder) -> bool:
        """Have a template at hand for machines like this one; False if there can be none, and ``notice``
        has said why. The order's image must be prepared."""
        template = await self._warm.template(await self._draw(order), insist=True) if self._warm else None
        return template is not None

    async def _draw(self, order: MachineOrder) -> Blueprint:
        image = self._images[order.image.name]
        accelerator, _ = await self._probe.ask(image.kernel, image.initrd)
        user = choose_user(FIRST_UID + secrets.randbelow(UIDS), accelerator, TEMPLATE_GROUP)
        return Blueprint(order, image, accelerator, user)

    async def _boot_warm(self, warm: WarmStarts, template: Template, blueprint: Blueprint) -> Booted:
        order, laps = blueprint.order, Laps()
        self.pool.want(template.key, order.image.warm, partial(self._stand_by, warm, template, order))
        if made := await self.pool.take(template.key, order.name):
            self._watch(order.name, made)
            made.channel.speak(prepare_for(order.name, order.token))
            async with asyncio.timeout(ANSWER_SECONDS):
                await made.channel.spoken.wait()
            laps.lap("answer")
            return Booted("pooled", laps.all)
        return Booted("restored", await self._boot(blueprint, partial(warm.restore, template, blueprint)))

    async def _stand_by(
        self, warm: WarmStarts, template: Template, order: MachineOrder, name: MachineName
    ) -> None:
        # Its deadline on the host is set before its job is known: its age and the longest job together.
        order = replace(order, name=name, token="", lifetime=OLDEST + LONGEST_JOB)
        blueprint = await self._draw(order)

        async def start(made: Made) -> None:
            # An emulator keeps what it has translated to itself; a processor has nothing to translate.
            rehearse = self._rehearse and blueprint.accelerator.kind == "tcg"
            await warm.clone(template, blueprint, made, silent=True, rehearse=rehearse)
            if rehearse:
                async with asyncio.timeout(REHEARSAL_SECONDS):
                    await made.channel.rehearsed.wait()

        await self._fleet.boot(order, blueprint.owner, start)

    async def _boot(self, blueprint: Blueprint, way: Callable[[Made], Awaitable[Phases]]) -> Phases:
        async def start(made: Made) -> Phases:
            phases = await way(made)
            self._watch(blueprint.order.name, made)
            return phases

        return await self._fleet.boot(blueprint.order, blueprint.owner, start)

    async def _boot_cold(self, blueprint: Blueprint, made: Made) -> Phases:
        order, image, owner, folder = blueprint.order, blueprint.image, blueprint.owner, made.folder
        laps = Laps()
        await make_overlay(folder / DISK, image.disk, image.disk_format.value, order.disk, owner)
        laps.lap("overlay")
        if image.image.seed is not SeedKind.NONE:
            await asyncio.to_thread(self._write_seed, folder / SEED, order)
            give(folder / SEED, owner)
        laps.lap("seed")
        await made.channel.start(owner)
        await made.console.start(owner)
        monitor = Monitor(made)
        await monitor.start_qemu(qemu_command(self._program, blueprint), order.lifetime, blueprint.user)
        made.spawn(monitor.watch_port(made.channel))
        laps.lap("qemu")
        return laps.all

    def _watch(self, name: MachineName, made: Made) -> None:
        if made.process:
            made.spawn(self._watch_end(name, made.process))

    async def _watch_end(self, name: MachineName, process: asyncio.subprocess.Process) -> None:
        await process.wait()
        log.info("machine %s ended with %s", name, process.returncode)
        self._changed()

    async def machines(self) -> Mapping[MachineName, bool]:
        """Those of jobs, by their folders; alive while QEMU runs or is about to."""
        alive = self._fleet.alive()
        return {name: alive[name] for name in alive if not name.startswith(OUR_OWN)}

    async def destroy(self, machine: MachineName) -> None:
        """Kill QEMU and remove the folder."""
        await self._fleet.destroy(machine)

    async def close(self) -> None:
        """End every machine of this process, those that stand by too; the last call."""
        await self._fleet.close()

    async def console(self, machine: MachineName) -> bytes:
        """What the serial console said."""
        return self._fleet.console(machine)

    async def retain(self, machine: MachineName, folder: Path) -> None:
        """Stop the machine and keep its disk and console."""
        console = self._fleet.console(machine)
        await self._fleet.stop(machine)
        await asyncio.to_thread(_write_console, folder, console)
        await flatten(self._fleet.folder(machine) / DISK, folder / DISK)

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._notice(text)


def _write_console(folder: Path, console: bytes) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "console.log").write_bytes(console)
    except OSError as error:
        raise disk_fault(f"cannot keep the machine in {folder}", error) from error


async def _version(program: str) -> str:
    process = await asyncio.create_subprocess_exec(
        program, "--version", stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    return said.decode(errors="replace").partition("\n")[0]
