"""What happens while pipelines run, as told to whoever watches."""

from dataclasses import dataclass
from datetime import timedelta

from solstice.domain.job import Job


@dataclass(frozen=True, slots=True)
class JobChanged:
    """A job moved, took a step, or learnt why it waits. ``before`` is ``None`` for a new one."""

    before: Job | None
    after: Job


@dataclass(frozen=True, slots=True)
class LogAppended:
    """Bytes became durable in a job's log. ``step`` is its index, -1 between steps."""

    job: Job
    offset: int
    data: bytes
    step: int


@dataclass(frozen=True, slots=True)
class ImageProgress:
    """An image is on its way: ``phrase`` says what is being done; ``done`` of ``total`` (0 unknown) bytes."""

    image: str
    phrase: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class ArtifactStored:
    """A job's artifact is whole in the store; ``size`` in bytes, ``sha256`` in hex."""

    job: Job
    name: str
    size: int
    sha256: str
    files: int


@dataclass(frozen=True, slots=True)
class Notice:
    """One line everybody should see once (``no working KVM: …``)."""

    text: str
    level: str = "note"
    """``note`` or ``warning``."""


@dataclass(frozen=True, slots=True)
class PipelineEnded:
    """Every job is over."""

    success: bool
    duration: timedelta


Event = JobChanged | LogAppended | ImageProgress | ArtifactStored | Notice | PipelineEnded
