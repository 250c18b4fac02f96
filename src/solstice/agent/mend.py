"""What a restore from a template broke, set right from the host's PREPARE: one verb a thing, by system."""

import fcntl
import logging
import socket
import struct
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from solstice.wire.handshake import Prepare

log = logging.getLogger(__name__)

# From the kernel's <linux/random.h>: _IOW('R', 0x03, int[2]) and _IO('R', 0x07).
_RNDADDENTROPY = 0x40085203
_RNDRESEEDCRNG = 0x5207
_MACHINE_ID_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))

Verb = Callable[[Prepare], None]


def mend(prepare: Prepare, verbs: Mapping[str, Verb]) -> None:
    """Apply every verb; one that fails is logged, for a job may well run without it."""
    for name, verb in verbs.items():
        try:
            verb(prepare)
        except (OSError, ValueError, OverflowError) as error:
            log.warning("cannot mend the machine's %s: %s", name, error)


def _reseed(prepare: Prepare) -> None:
    """Mix in the host's randomness: clones of one template draw the same numbers until this is done."""
    entropy = prepare.entropy
    with open("/dev/urandom", "wb", buffering=0) as device:  # noqa: PTH123
        header = struct.pack("ii", len(entropy) * 8, len(entropy))
        fcntl.ioctl(device, _RNDADDENTROPY, header + entropy)
        fcntl.ioctl(device, _RNDRESEEDCRNG)


def _set_clock(prepare: Prepare) -> None:
    time.clock_settime(time.CLOCK_REALTIME, prepare.time)


def _set_hostname(prepare: Prepare) -> None:
    if prepare.hostname:
        socket.sethostname(prepare.hostname)
        Path("/etc/hostname").write_text(prepare.hostname + "\n", "utf-8")


def _set_machine_id(prepare: Prepare) -> None:
    if not prepare.machine_id:
        return
    for path in _MACHINE_ID_FILES:
        if path.exists() and not path.is_symlink():
            path.write_text(prepare.machine_id + "\n", "utf-8")


def verbs_of(system: str) -> Mapping[str, Verb]:
    """The verbs of a system (`sys.platform`); none for one that is only ever booted, never restored."""
    return VERBS.get(system, {})


VERBS: Mapping[str, Mapping[str, Verb]] = {
    "linux": {
        "randomness": _reseed,
        "clock": _set_clock,
        "hostname": _set_hostname,
        "machine id": _set_machine_id,
    },
}
