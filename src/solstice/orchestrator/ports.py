"""Everything the orchestrator asks of the world."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from solstice.domain.event import Event
from solstice.domain.image import Image
from solstice.domain.job import Job, JobId
from solstice.domain.lease import MachineName
from solstice.domain.machine import Booted, MachineOrder
from solstice.domain.pipeline import Pipeline
from solstice.domain.plan import Checkout


class Clock(Protocol):
    """What time it is."""

    def now(self) -> datetime:
        """The instant, aware, in UTC."""


class Jobs(Protocol):
    """The store of pipelines and their jobs; every write is conditional."""

    async def pipelines(self) -> tuple[Pipeline, ...]:
        """Every pipeline that is not over, with all its jobs, oldest first."""

    async def get(self, job: JobId) -> Job:
        """The job as it stands; raises `KeyError` for an id nobody made."""

    async def pipeline(self, job: JobId) -> Pipeline:
        """The pipeline of a job, over or not."""

    async def holder(self, credential: str) -> Job | None:
        """The job whose lease carries this digest as its token or as its session."""

    async def swap(self, before: Job, after: Job) -> bool:
        """Replace ``before`` by ``after`` if the store still holds ``before`` (its id and version).

        False, and no change, if somebody was faster.
        """


class Hypervisor(Protocol):
    """Makes machines and ends them. Names are the caller's; a name is used once.

    Any call may be repeated after a crash in the middle of it, and calls for different machines run at
    once. A machine, its disk and its sockets exist from the first moment of `boot` until `destroy`.
    """

    async def prepare(self, image: Image) -> None:
        """Have the image at hand, however long that takes. Idempotent; concurrent calls share the work.

        Raises `OperatorMistake` (or its `MachineFault`) if it cannot be had, `Transient` if later it may.
        """

    async def boot(self, order: MachineOrder) -> Booted:
        """Start the machine; returns once its process runs, not when its agent speaks.

        `prepare` must have succeeded. After an error the name still has to be destroyed.
        """

    async def machines(self) -> Mapping[MachineName, bool]:
        """The machines made and not yet destroyed, also by a process that died; True while one runs."""

    async def destroy(self, machine: MachineName) -> None:
        """End the machine and remove every trace of it; safe to call twice, or for a name never made."""

    async def console(self, machine: MachineName) -> bytes:
        """What its serial console said, capped at both ends; empty once destroyed."""

    async def retain(self, machine: MachineName, folder: Path) -> None:
        """Stop the machine and move its disk and console into ``folder`` for a person to look at."""


class LogStore(Protocol):
    """The bytes jobs print, addressed by (job, epoch, offset)."""

    async def append(self, job: JobId, epoch: int, offset: int, data: bytes) -> int:
        """Keep ``data`` as the bytes at ``offset`` and return where the log now ends, durably.

        Bytes that are already there are skipped, so a repeat changes nothing; data that would leave a
        gap is not kept, and the end returned is the old one.
        """

    async def read(self, job: JobId, epoch: int, offset: int, limit: int) -> bytes:
        """At most ``limit`` bytes from ``offset``."""


class ArtifactStore(Protocol):
    """What jobs keep: one tar stream under (job, name)."""

    async def put(self, job: Job, name: str, data: AsyncIterator[bytes]) -> "Receipt":
        """Store the stream; visible only once it is whole. An older one of the same name is replaced."""

    def get(self, job: Job, name: str) -> AsyncIterator[bytes]:
        """The stream again; raises `KeyError` if there is none."""


class Receipt(Protocol):
    """What the store made of an artifact: its size in bytes, SHA-256 in hex, number of files."""

    @property
    def size(self) -> int: ...
    @property
    def sha256(self) -> str: ...
    @property
    def files(self) -> int: ...


class SourceBundle(Protocol):
    """A commit packed as a git bundle."""

    @property
    def path(self) -> Path: ...
    @property
    def commit(self) -> str: ...
    @property
    def ref(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def sha256(self) -> str: ...
    @property
    def shallow(self) -> bool: ...


class Sources(Protocol):
    """The commit a job works on."""

    async def bundle(self, pipeline: Pipeline, checkout: Checkout) -> SourceBundle | None:
        """The commit as a bundle; ``None`` where the guest shall clone the repository's URL."""


class Secrets(Protocol):
    """Values for the names a job may use."""

    async def release(self, job: Job) -> Mapping[str, str]:
        """The values this job is entitled to, by name."""


Tell = Callable[[Event], None]
"""Whoever watches: called from the event loop, must not block."""

Nudge = Callable[[], None]
"""Wakes a loop; cheap, and may be called at any time."""
