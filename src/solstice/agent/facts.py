"""What the agent tells of its machine when it says hello."""

import contextlib
import os
import platform
import time
from typing import Any

from solstice import __version__
from solstice.wire.agent import messages


def read_facts() -> Any:
    """The `Hello` of this machine; what cannot be found out is left at zero."""
    uname = os.uname()
    return messages.Hello(
        version=__version__,
        os=uname.sysname.lower(),
        arch=uname.machine,
        python=platform.python_version(),
        uptime_seconds=_uptime(),
        cpus=os.cpu_count() or 0,
        memory_bytes=_memory(),
    )


def _uptime() -> float:
    clock = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_UPTIME", None))
    return 0.0 if clock is None else time.clock_gettime(clock)


def _memory() -> int:
    with contextlib.suppress(OSError, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 0
