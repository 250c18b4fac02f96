"""The command line of one QEMU: only the devices a job needs, nothing by default."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from solstice.domain.image import Boot, Channel, ReadyImage, SeedBus, SeedKind
from solstice.domain.machine import MachineOrder
from solstice.domain.plan import Network

CHANNEL_NAME = "org.solstice.agent"
"""The name of the virtio-serial port the agent opens."""
SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Accelerator:
    """What runs the guest's code: ``kvm`` or ``tcg`` (emulation)."""

    kind: str

    @property
    def options(self) -> list[str]:
        """QEMU's flags for it."""
        if self.kind == "kvm":
            return ["-accel", "kvm", "-cpu", "host"]
        return ["-accel", "tcg,thread=multi", "-cpu", "max"]


@dataclass(frozen=True, slots=True)
class Unprivileged:
    """The user id QEMU runs as, and the groups it keeps (that of ``/dev/kvm``)."""

    uid: int
    groups: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Blueprint:
    """All that decides what one QEMU is like: what was ordered, of which image, run how and as whom."""

    order: MachineOrder
    image: ReadyImage
    accelerator: Accelerator
    user: Unprivileged | None

    @property
    def owner(self) -> int | None:
        """Whose files its files are; ``None``: ours."""
        return self.user.uid if self.user else None


@dataclass(frozen=True, slots=True)
class Memory:
    """A guest's memory as a file: written by a template's machine, mapped privately by a clone."""

    path: str
    shared: bool

    @property
    def is_restored(self) -> bool:
        """Whether the machine goes on from a saved state instead of booting."""
        return not self.shared


def qemu_command(
    program: str, blueprint: Blueprint, memory: Memory | None = None, seed: str = "seed.iso"
) -> list[str]:
    """QEMU for ``blueprint``; its sockets and overlay stand in its working directory.

    With a ``memory`` that is restored nothing is booted: the state comes over the monitor.
    """
    order, image, accelerator = blueprint.order, blueprint.image, blueprint.accelerator
    return [
        program,
        *("-name", order.name),
        *_memory(order, memory),
        *accelerator.options,
        *("-smp", str(order.cpus), "-m", f"{memory_mib(order)}M"),
        *("-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-sandbox", SANDBOX),
        *("-chardev", "socket,id=qmp,path=qmp,server=off", "-mon", "chardev=qmp,mode=control"),
        *("-chardev", "socket,id=console,path=console,server=off", "-serial", "chardev:console"),
        *("-object", "rng-random,id=rng0,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng0"),
        *("-drive", "if=none,id=disk,file=disk.qcow2,format=qcow2,cache=unsafe,discard=unmap"),
        *("-device", "virtio-blk-pci,drive=disk"),
        *_seed(image, seed),
        *("-chardev", "socket,id=agent,path=agent,server=off,reconnect=1"),
        *_channel(image),
        *(("-incoming", "defer") if memory and memory.is_restored else _kernel(image, order.network)),
        *_network(order.network),
    ]


def memory_mib(order: MachineOrder) -> int:
    """The guest's memory in MiB."""
    return max(order.memory // MIB, 64)


def _memory(order: MachineOrder, memory: Memory | None) -> list[str]:
    if memory is None:
        return ["-machine", "q35"]
    share = "on" if memory.shared else "off"
    size = f"size={memory_mib(order)}M"
    backend = f"memory-backend-file,id=ram0,{size},mem-path={memory.path},share={share}"
    return ["-object", backend, "-machine", "q35,memory-backend=ram0"]


def _seed(image: ReadyImage, path: str) -> list[str]:
    if image.image.seed is SeedKind.NONE:
        return []
    drive = ["-drive", f"if=none,id=seed,file={path},format=raw,readonly=on"]
    if image.image.seed_bus is SeedBus.IDE:
        return [*drive, "-device", "ide-cd,drive=seed"]
    return [*drive, "-device", "virtio-blk-pci,drive=seed"]


def _channel(image: ReadyImage) -> list[str]:
    if image.image.channel is Channel.SERIAL:
        # The first line is the console.
        return ["-device", "isa-serial,chardev=agent,index=1"]
    port = f"virtserialport,chardev=agent,name={CHANNEL_NAME},id=agent-port"
    return ["-device", "virtio-serial-pci", "-device", port]


def _kernel(image: ReadyImage, network: Network) -> list[str]:
    if image.image.boot is not Boot.KERNEL or image.kernel is None:
        return []
    net = "user" if network is Network.OUTBOUND else "none"
    words = f"{image.cmdline} solstice.net={net}"
    if image.image.channel is not Channel.VIRTIO:
        words += f" solstice.channel={image.image.agent_channel}"
    flags = ["-kernel", str(image.kernel), "-append", words]
    return [*flags, "-initrd", str(image.initrd)] if image.initrd else flags


def _network(network: Network) -> list[str]:
    # "none" is no card at all: the agent's channel is a serial port, so nothing else is needed.
    if network is Network.NONE:
        return []
    return ["-netdev", "user,id=net0", "-device", "virtio-net-pci,netdev=net0,romfile="]


# A process whose parent died before it could ask for the parent-death signal never gets one: so each
# looks, after it has asked, whether its parent is still the one that started it. `exec` keeps `$$`.
_UNDER_US = (
    '[ "$PPID" = "$1" ] || exit 75; limit=$2; under_timeout=$3; drop=$4; shift 4; '
    'exec timeout --kill-after=5 "$limit" setpriv --pdeathsig KILL $drop sh -c "$under_timeout" sh "$$" "$@"'
)
_UNDER_TIMEOUT = '[ "$PPID" = "$1" ] || exit 75; shift; exec "$@"'


def guarded(command: Sequence[str], lifetime: timedelta, user: Unprivileged | None) -> list[str]:
    """``command`` under a host-side deadline, dying with its watchdog and with us, as ``user``.

    ``timeout`` (coreutils) ends it after ``lifetime`` even when our process hangs; the parent-death
    signals (util-linux ``setpriv``) let neither outlive the process that started it.
    """
    drop = ["--no-new-privs", "--inh-caps=-all"]
    if user is not None:
        groups = f"--groups={','.join(map(str, user.groups))}" if user.groups else "--clear-groups"
        drop += [f"--reuid={user.uid}", f"--regid={user.uid}", groups, "--bounding-set=-all"]
    return [
        *("setpriv", "--pdeathsig", "KILL", "sh", "-c", _UNDER_US, "sh", str(os.getpid())),
        *(f"{lifetime.total_seconds():.0f}", _UNDER_TIMEOUT, " ".join(drop)),
        *command,
    ]


def choose_user(uid: int, accelerator: Accelerator, *groups: int) -> Unprivileged | None:
    """Whom QEMU runs as: a user id of its own if we are root, else whoever we are."""
    if os.geteuid() != 0:
        return None
    kvm = (Path("/dev/kvm").stat().st_gid,) if accelerator.kind == "kvm" else ()
    return Unprivileged(uid, (*groups, *kvm))
