"""The computer's clock."""

from datetime import UTC, datetime


class SystemClock:
    """Time as this computer has it."""

    def now(self) -> datetime:
        """The instant, aware, in UTC."""
        return datetime.now(UTC)
