"""The `sandbox` hypervisor: bubblewrap on this host's kernel, for machines that cannot run QEMU."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from solstice.adapters.faults import disk_fault
from solstice.adapters.machines.channel import AgentChannel, prepare_for
from solstice.adapters.machines.console import Console
from solstice.adapters.machines.folder import MachineRoot
from solstice.adapters.machines.qemu_command import guarded
from solstice.domain.errors import MachineFault
from solstice.domain.image import Image
from solstice.domain.lease import MachineName
from solstice.domain.machine import Booted, MachineOrder
from solstice.domain.plan import Network

NOTICE = (
    "sandbox: jobs share this host's kernel and programs instead of booting their image; "
    "that is less isolation than a virtual machine gives"
)
INSTALL = "apt-get install bubblewrap python3 git"
CHECK_SECONDS = 10
SYSTEM = ("/bin", "/sbin", "/lib", "/lib64", "/lib32")
ETC = (
    *("alternatives", "ca-certificates", "ssl", "group", "passwd", "hosts", "ld.so.cache", "ld.so.conf"),
    *("ld.so.conf.d", "localtime", "nsswitch.conf", "protocols", "services", "mime.types"),
)
"""What of /etc a job sees: nothing that could hold a secret."""


@dataclass(eq=False, slots=True)
class _Running:
    channel: AgentChannel
    console: Console
    process: asyncio.subprocess.Process | None = None
    booting: bool = True
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)


class SandboxHypervisor:
    """Sandboxes as bubblewrap processes under ``root``; see `QemuHypervisor` for the other arguments."""

    def __init__(
        self,
        *,
        root: MachineRoot,
        agent: Path,
        endpoint: Path,
        changed: Callable[[], None],
        notice: Callable[[str], None],
    ) -> None:
        self._root, self._agent, self._endpoint = root, agent, endpoint
        self._changed, self._notice = changed, notice
        self._running: dict[MachineName, _Running] = {}
        self._checked = asyncio.Lock()
        self._works = False

    async def prepare(self, image: Image) -> None:
        """Check that bubblewrap works here; the image itself is not used."""
        async with self._checked:
            if not self._works:
                await self._check()
                self._notice(NOTICE)
                self._works = True

    async def _check(self) -> None:
        missing = [
            name for name in ("bwrap", "python3", "git", "setpriv", "timeout") if not shutil.which(name)
        ]
        if missing:
            raise MachineFault(f"this machine has no {' and no '.join(missing)}", f"Install it: {INSTALL}.")
        process = await asyncio.create_subprocess_exec(
            *("bwrap", "--unshare-all", "--ro-bind", "/", "/", "true"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
        if process.returncode:
            raise MachineFault(
                f"bubblewrap cannot make a sandbox here: {said.decode(errors='replace').strip()}",
                "Allow user namespaces (sysctl kernel.unprivileged_userns_clone=1), or use qemu.",
            )

    async def boot(self, order: MachineOrder) -> Booted:
        """Folder, channel, bubblewrap."""
        folder = await asyncio.to_thread(self._root.create, order.name, None)
        running = _Running(
            AgentChannel(folder / "agent", self._endpoint, prepare_for(order.name, order.token)),
            Console(folder / "console", folder / "console.log"),
        )
        self._running[order.name] = running
        try:
            await asyncio.to_thread(self._lay_out, folder)
            running.channel.guest_changed(opened=True)
            await running.channel.start(None)
            running.process = await asyncio.create_subprocess_exec(
                *guarded(sandbox_command(order, folder), order.lifetime, None),
                cwd=folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
            running.tasks.append(asyncio.create_task(self._watch(running)))
        finally:
            running.booting = False
        return Booted("sandbox")

    def _lay_out(self, folder: Path) -> None:
        try:
            for name in ("work", "home"):
                (folder / name).mkdir()
            shutil.copyfile(self._agent, folder / "agent.pyz")
        except OSError as error:
            raise disk_fault(f"cannot lay out {folder}", error) from error

    async def _watch(self, running: _Running) -> None:
        process = running.process
        if process and process.stdout:
            while data := await process.stdout.read(16 * 1024):
                running.console.feed(data)
            await process.wait()
        self._changed()

    async def machines(self) -> Mapping[MachineName, bool]:
        """By their folders; alive while bubblewrap runs or is about to."""
        return {name: self._alive(name) for name in self._root.names()}

    def _alive(self, name: MachineName) -> bool:
        running = self._running.get(name)
        if running is None:
            return False
        return running.booting or (running.process is not None and running.process.returncode is None)

    async def destroy(self, machine: MachineName) -> None:
        """Kill everything in the sandbox and remove its folder."""
        if running := self._running.get(machine):
            await self._stop(running)
        await self._root.remove(machine)
        self._running.pop(machine, None)

    async def console(self, machine: MachineName) -> bytes:
        """What the agent's process printed."""
        running = self._running.get(machine)
        return running.console.read() if running else b""

    async def retain(self, machine: MachineName, folder: Path) -> None:
        """Stop the sandbox and keep its workspace."""
        running = self._running.get(machine)
        if running:
            await self._stop(running)
        await asyncio.to_thread(shutil.copytree, self._root.folder(machine) / "work", folder, symlinks=True)
        (folder / "console.log").write_bytes(running.console.read() if running else b"")

    async def _stop(self, running: _Running) -> None:
        if running.process and running.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.process.pid, 9)
            await running.process.wait()
        await running.channel.stop()
        for task in running.tasks:
            task.cancel()
        await asyncio.gather(*running.tasks, return_exceptions=True)


def sandbox_command(order: MachineOrder, folder: Path) -> list[str]:
    """bubblewrap for ``order``: the host's programs read-only, a workspace, nothing else of the host."""
    network = ["--share-net"] if order.network is Network.OUTBOUND else []
    return [
        *("bwrap", "--unshare-all", *network, "--die-with-parent", "--new-session", "--hostname", order.name),
        *("--uid", "1000", "--gid", "1000", "--clearenv"),
        *("--ro-bind", "/usr", "/usr", *_system(), *_etc(order.network)),
        *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/run", "--tmpfs", "/var"),  # noqa: S108
        *("--bind", str(folder / "home"), "/home/ci", "--bind", str(folder / "work"), "/solstice"),
        *("--ro-bind", str(folder / "agent.pyz"), "/run/solstice/agent.pyz"),
        *("--bind", str(folder / "agent"), "/run/solstice/agent", "--chdir", "/"),
        *("/usr/bin/python3", "-I", "/run/solstice/agent.pyz", "--channel", "unix:/run/solstice/agent"),
        *("--no-mend", "--workdir", "/solstice"),
    ]


def _system() -> list[str]:
    flags: list[str] = []
    for path in map(Path, SYSTEM):
        if path.is_symlink():
            flags += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            flags += ["--ro-bind", str(path), str(path)]
    return flags


def _etc(network: Network) -> list[str]:
    names = (*ETC, "resolv.conf") if network is Network.OUTBOUND else ETC
    return [word for name in names for word in ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")]
