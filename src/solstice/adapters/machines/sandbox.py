"""The `sandbox` hypervisor: bubblewrap on this host's kernel, for machines that cannot run QEMU."""

import asyncio
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from solstice.adapters.faults import disk_fault
from solstice.adapters.machines.fleet import Fleet, Made
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
        self._fleet, self._agent = Fleet(root, endpoint), agent
        self._changed, self._notice = changed, notice
        self._checked = asyncio.Lock()
        self._works = False

    async def prepare(self, image: Image) -> None:
        """Check that bubblewrap works here; the image itself is not used."""
        async with self._checked:
            if not self._works:
                await check_sandbox()
                self._notice(NOTICE)
                self._works = True

    async def boot(self, order: MachineOrder) -> Booted:
        """Folder, channel, bubblewrap."""

        async def start(made: Made) -> None:
            await asyncio.to_thread(self._lay_out, made.folder)
            made.channel.guest_changed(opened=True)
            await made.channel.start(None)
            command = guarded(sandbox_command(order, made.folder), order.lifetime, None)
            made.spawn(self._watch(made, await made.start(command, asyncio.subprocess.PIPE)))

        await self._fleet.boot(order, None, start)
        return Booted("sandbox")

    def _lay_out(self, folder: Path) -> None:
        try:
            for name in ("work", "home"):
                (folder / name).mkdir()
            shutil.copyfile(self._agent, folder / "agent.pyz")
        except OSError as error:
            raise disk_fault(f"cannot lay out {folder}", error) from error

    async def _watch(self, made: Made, process: asyncio.subprocess.Process) -> None:
        while process.stdout and (data := await process.stdout.read(16 * 1024)):
            made.console.feed(data)
        await process.wait()
        self._changed()

    async def machines(self) -> Mapping[MachineName, bool]:
        """By their folders; alive while bubblewrap runs or is about to."""
        return self._fleet.alive()

    async def destroy(self, machine: MachineName) -> None:
        """Kill everything in the sandbox and remove its folder."""
        await self._fleet.destroy(machine)

    async def close(self) -> None:
        """End every sandbox of this process; the last call."""
        await self._fleet.close()

    async def console(self, machine: MachineName) -> bytes:
        """What the agent's process printed."""
        return self._fleet.console(machine)

    async def retain(self, machine: MachineName, folder: Path) -> None:
        """Stop the sandbox and keep its workspace."""
        console = self._fleet.console(machine)
        await self._fleet.stop(machine)
        await asyncio.to_thread(_copy_out, self._fleet.folder(machine), folder, console)


async def check_sandbox() -> None:
    """Make one; `MachineFault` says why it does not work."""
    missing = [name for name in ("bwrap", "python3", "git", "setpriv", "timeout") if not shutil.which(name)]
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


def _copy_out(machine: Path, folder: Path, console: bytes) -> None:
    try:
        shutil.copytree(machine / "work", folder, symlinks=True, dirs_exist_ok=True)
        (folder / "console.log").write_bytes(console)
    except OSError as error:
        raise disk_fault(f"cannot keep the sandbox in {folder}", error) from error
