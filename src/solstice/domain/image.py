"""What machines boot from: images, the labels that lead to them, and how large a machine may be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from solstice.domain.errors import OperatorMistake
from solstice.domain.suggestion import did_you_mean


class Decompress(Enum):
    """How the bytes at the source are packed."""

    NONE = "none"
    ZSTD = "zstd"
    XZ = "xz"
    GZ = "gz"


class DiskFormat(Enum):
    """What the unpacked bytes are; always declared, never probed (a guest can write what a probe reads)."""

    QCOW2 = "qcow2"
    RAW = "raw"


class SeedKind(Enum):
    """What the machine expects to find on its first boot."""

    NOCLOUD = "nocloud"
    """A CD with cloud-init's NoCloud files and the agent."""
    NONE = "none"
    """Nothing: the agent is in the image."""


class SeedBus(Enum):
    """Where the seed's CD is plugged in."""

    IDE = "ide"
    VIRTIO = "virtio"


class Boot(Enum):
    """Who loads the kernel."""

    FIRMWARE = "firmware"
    """The boot loader on the disk."""
    KERNEL = "kernel"
    """The hypervisor, from files beside the disk."""


class Channel(Enum):
    """What the agent in the machine and the host speak through."""

    VIRTIO = "virtio"
    """A virtio-serial port."""
    SERIAL = "serial"
    """The second serial line, for systems without a driver for the other."""


class DigestKind(Enum):
    """A hash function a publisher may use; the value is the length of its hex form."""

    SHA256 = 64
    SHA512 = 128

    @property
    def algorithm(self) -> str:
        """The name `hashlib` and checksum files know it by."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Digest:
    """What a file's bytes must hash to; ``value`` is lower-case hex."""

    kind: DigestKind
    value: str

    def __str__(self) -> str:
        return f"{self.kind.algorithm}:{self.value}"


@dataclass(frozen=True, slots=True)
class Remote:
    """A file at ``url``, trusted for its ``digest``, for the publisher's checksum file at ``digest_url``
    (read once, then remembered), or not at all (``unverified``)."""

    url: str
    digest: Digest | None = None
    digest_url: str | None = None
    unverified: bool = False


@dataclass(frozen=True, slots=True)
class Local:
    """A file of this computer; absolute by the time it is used."""

    path: str
    digest: Digest | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """A folder of verbs that makes the image here (see ``images/README.md``)."""

    directory: str


Source = Remote | Local | Recipe


@dataclass(frozen=True, slots=True)
class Size:
    """How large a machine is; ``memory`` and ``disk`` are bytes, ``None`` leaves it to the image."""

    cpus: int | None = None
    memory: int | None = None
    disk: int | None = None


@dataclass(frozen=True, slots=True)
class Image:
    """One thing a machine can boot from, and what a hypervisor has to know to boot it.

    ``user`` is whom steps run as ("" is root), ``cmdline`` the kernel's (``boot`` is ``KERNEL``),
    ``channel_device`` where the machine has the channel ("" is where Linux has it), ``warm`` how many
    machines to keep ready, ``hypervisors`` which kinds can run it (none named: any),
    ``tried`` whether the maintainers have booted it, ``note`` what a person should know.
    """

    name: str
    source: Source
    os: str
    arch: str = "x86_64"
    decompress: Decompress = Decompress.NONE
    format: DiskFormat = DiskFormat.QCOW2
    seed: SeedKind = SeedKind.NOCLOUD
    seed_bus: SeedBus = SeedBus.IDE
    boot: Boot = Boot.FIRMWARE
    cmdline: str = ""
    user: str = ""
    python: str = "python3"
    channel: Channel = Channel.VIRTIO
    channel_device: str = ""
    size: Size = field(default_factory=Size)
    hypervisors: tuple[str, ...] = ()
    warm: int = 0
    tried: bool = False
    note: str = ""

    @property
    def agent_channel(self) -> str:
        """The channel as the agent's command line has it."""
        return f"serial:{self.channel_device or _LINUX_DEVICES[self.channel]}"


@dataclass(frozen=True, slots=True)
class ReadyImage:
    """An image on this computer, whole and checked; its files are never changed while it is there.

    ``digest`` names the content: two images with one digest boot the same bytes. ``disk`` is only ever
    the backing file of a machine's own overlay. ``kernel`` and ``initrd`` are for the hypervisor to load.
    """

    image: Image
    digest: str
    directory: Path
    disk: Path
    disk_format: DiskFormat
    kernel: Path | None = None
    initrd: Path | None = None

    @property
    def cmdline(self) -> str:
        """What the image wants on the kernel's command line."""
        return self.image.cmdline


_LINUX_DEVICES = {
    Channel.VIRTIO: "/dev/virtio-ports/org.solstice.agent",
    Channel.SERIAL: "/dev/ttyS1",
}


class UnknownImage(OperatorMistake):
    """A label leads to no image; ``known`` are the labels that do."""

    def __init__(self, label: str, message: str, remedy: str, known: tuple[str, ...]) -> None:
        super().__init__(message, remedy)
        self.label = label
        self.known = known


@dataclass(frozen=True, slots=True)
class ImageMap:
    """Every label and what it leads to."""

    images: Mapping[str, Image]
    aliases: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, Size] = field(default_factory=dict)
    default_label: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """What ``runs_on`` may say, sorted."""
        return tuple(sorted({*self.images, *self.aliases}))

    def resolve(self, label: str) -> Image:
        """The image ``label`` leads to ("" is the default label), through any number of aliases."""
        name = label or self.default_label
        passed: list[str] = []
        while name in self.aliases and name not in self.images:
            if name in passed:
                chain = " → ".join([*passed, name])
                raise UnknownImage(label, f"the alias {label!r} leads in a circle: {chain}", _MEND_MAP, ())
            passed.append(name)
            name = self.aliases[name]
        if name not in self.images:
            raise self._miss(label, name)
        return self.images[name]

    def _miss(self, label: str, name: str) -> UnknownImage:
        if not name:
            return UnknownImage(
                label, "no label was given and the image map has no default_label", _MEND_MAP, ()
            )
        known = ", ".join(self.labels) or "none"
        through = f" (through the alias {label!r})" if label and label != name else ""
        hint = did_you_mean(name, self.labels)
        message = f"there is no image {name!r}{through}; known labels: {known}{hint and '; '}{hint}"
        return UnknownImage(label, message, _MEND_MAP, self.labels)


_MEND_MAP = "Mend the image map (`solstice images ls` shows it), or use one of its labels."
