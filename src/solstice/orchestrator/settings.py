"""The orchestrator's numbers, each with its unit in its type."""

from dataclasses import dataclass
from datetime import timedelta

from solstice.domain.machine import Room


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much, how long and how often."""

    host: Room
    """What machines may take of the host together."""
    image_limit: timedelta = timedelta(hours=2)
    """How long an image may take to be fetched or built."""
    call_limit: timedelta = timedelta(seconds=60)
    """How long the hypervisor may take over a question, or over ending a machine."""
    boot_limit: timedelta = timedelta(minutes=3)
    """From the claim to the agent's hello."""
    lease: timedelta = timedelta(seconds=60)
    """How long an agent may be silent."""
    heartbeat: timedelta = timedelta(seconds=10)
    grace: timedelta = timedelta(seconds=60)
    """What a job gets beyond its timeout to end by itself before the host ends it."""
    max_lost: int = 2
    """Attempts that may be lost through our fault before the job fails."""
    log_limit: int = 1024 * 1024 * 1024
    """Bytes of log a job may write."""
    artifact_limit: int = 10 * 1024 * 1024 * 1024
    """Bytes an artifact may have."""
