"""What a workflow may ask for at most."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """``timeout`` is the operator's to choose; the rest is the language's."""

    timeout: timedelta = timedelta(hours=24)
    file_bytes: int = 1 << 20
    nesting: int = 32
    jobs: int = 256
    steps: int = 256
