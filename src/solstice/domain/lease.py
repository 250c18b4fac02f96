"""A job's time-limited hold on one machine."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NewType

MachineName = NewType("MachineName", str)
"""``solstice-<job>-<epoch>``; also the name of the machine's folder or libvirt domain."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One job's exclusive hold on one machine until ``expires_at``.

    ``token`` and ``session`` are SHA-256 digests (hex) of the machine's one-use token and of the
    credential it was exchanged for; "" once used, or not yet given.
    """

    machine: MachineName
    epoch: int
    expires_at: datetime
    token: str
    session: str = ""

    def is_over(self, now: datetime) -> bool:
        """Whether the hold has run out."""
        return now >= self.expires_at

    def renew(self, now: datetime, ttl: timedelta) -> "Lease":
        """Push the deadline out; a lease that is over stays over."""
        return self if self.is_over(now) else replace(self, expires_at=now + ttl)

    def exchange(self, session: str) -> "Lease":
        """Use up the token for a session credential's digest."""
        return replace(self, token="", session=session)
