"""What a workflow may ask for at most."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """``timeout``, ``labels`` and ``sizes`` are the operator's to choose; the rest is the language's."""

    timeout: timedelta = timedelta(hours=24)
    file_bytes: int = 1 << 20
    nesting: int = 32
    jobs: int = 256
    steps: int = 256
    labels: tuple[str, ...] | None = None
    """What ``runs_on`` may say; ``None`` if it is not known here."""
    sizes: tuple[str, ...] | None = None
    """What a machine's ``size`` may say; ``None`` if it is not known here."""
