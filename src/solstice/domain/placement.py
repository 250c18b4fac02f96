"""Which waiting job may have a machine now, and how large a machine a job gets."""

from collections.abc import Sequence
from dataclasses import dataclass

from solstice.domain.image import Image, ImageMap
from solstice.domain.job import Job, JobState
from solstice.domain.machine import Room
from solstice.domain.pipeline import Pipeline
from solstice.domain.plan import JobPlan
from solstice.domain.reason import Cause, Reason

MIB = 1024 * 1024
DEFAULT_CPUS = 1
DEFAULT_MEMORY = 512 * MIB

HAS_MACHINE = (JobState.STARTING, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class Measure:
    """The machine a job gets: processors, bytes of memory, bytes of disk (0: as the image)."""

    cpus: int
    memory: int
    disk: int

    @property
    def room(self) -> Room:
        """What it takes from its host."""
        return Room(self.cpus, self.memory)


def measure(plan: JobPlan, images: ImageMap, image: Image) -> Measure:
    """What the job asks for; where it does not, what its size says; where that does not, the image."""
    asked, size = plan.resources, images.sizes.get(plan.resources.size or "")

    def pick(name: str, fallback: int) -> int:
        for source in (asked, size, image.size):
            value: int | None = getattr(source, name, None)
            if value is not None:
                return value
        return fallback

    return Measure(pick("cpus", DEFAULT_CPUS), pick("memory", DEFAULT_MEMORY), pick("disk", 0))


def measure_plainly(image: Image) -> Measure:
    """The machine of a job of this image that asks for nothing."""
    size = image.size
    return Measure(size.cpus or DEFAULT_CPUS, size.memory or DEFAULT_MEMORY, size.disk or 0)


def waits(pipeline: Pipeline, job: Job, needed: Room, used: Room, host: Room) -> Reason | None:
    """Why a queued job cannot have its machine now; ``None`` if it can."""
    matrix = job.plan.matrix
    if matrix is not None and matrix.max_parallel is not None:
        running = sum(sibling.state in HAS_MACHINE for sibling in pipeline.siblings_of(job))
        if running >= matrix.max_parallel:
            return Reason(
                Cause.MAX_PARALLEL, f"{running} of {matrix.max_parallel} jobs of its matrix run already"
            )
    if host.holds(used + needed):
        return None
    return Reason(Cause.NO_ROOM, _no_room(needed, used, host))


def never_fits(needed: Room, host: Room) -> str:
    """Why the machine can never fit an empty host; "" if it can."""
    if host.holds(needed):
        return ""
    return (
        f"it asks for {needed.cpus} cpus and {needed.memory // MIB} MiB, "
        f"the host has {host.cpus} cpus and {host.memory // MIB} MiB for machines; "
        "ask for less in its `resources`, or give it a larger host"
    )


def _no_room(needed: Room, used: Room, host: Room) -> str:
    if used.machines + needed.machines > host.machines:
        return f"{used.machines} of {host.machines} machines are busy"
    if used.cpus + needed.cpus > host.cpus:
        return f"{used.cpus} of {host.cpus} cpus are busy"
    return f"{used.memory // MIB} of {host.memory // MIB} MiB of memory are busy"


def in_use(jobs: Sequence[tuple[Job, Room]]) -> Room:
    """What the machines of these jobs take together."""
    total = Room(0, 0, 0)
    for job, room in jobs:
        if job.state in HAS_MACHINE:
            total = total + room
    return total
