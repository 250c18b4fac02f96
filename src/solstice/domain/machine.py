"""What the orchestrator asks of a hypervisor, as values."""

from dataclasses import dataclass, field
from datetime import timedelta

from solstice.domain.image import Image
from solstice.domain.lease import MachineName
from solstice.domain.plan import Network


@dataclass(frozen=True, slots=True)
class Room:
    """An amount of machine: processors, bytes of memory, and how many machines."""

    cpus: int
    memory: int
    machines: int = 1

    def __add__(self, other: "Room") -> "Room":
        return Room(self.cpus + other.cpus, self.memory + other.memory, self.machines + other.machines)

    def holds(self, other: "Room") -> bool:
        """Whether `other` fits into this."""
        return self.cpus >= other.cpus and self.memory >= other.memory and self.machines >= other.machines


@dataclass(frozen=True, slots=True)
class MachineOrder:
    """One machine, to be made from nothing and thrown away.

    ``memory`` and ``disk`` are bytes (``disk`` 0: as large as the image). ``token`` opens one agent
    session, once. ``lifetime`` ends the machine on the host even if our process is gone.
    """

    name: MachineName
    image: Image
    cpus: int
    memory: int
    disk: int
    network: Network
    token: str = field(repr=False)
    lifetime: timedelta = timedelta(hours=1)

    @property
    def room(self) -> Room:
        """What it takes from its host."""
        return Room(self.cpus, self.memory)


@dataclass(frozen=True, slots=True)
class Booted:
    """How a machine came up: ``way`` is ``cold``, ``restored`` or ``pooled``; the phases it took."""

    way: str
    phases: tuple[tuple[str, timedelta], ...] = ()
