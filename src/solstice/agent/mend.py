"""What a restore from a template broke, set right from the host's PREPARE: one verb a thing, by system."""

import contextlib
import fcntl
import logging
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from solstice.wire.handshake import Prepare

log = logging.getLogger(__name__)

# From the kernel's <linux/random.h>: _IOW('R', 0x03, int[2]) and _IO('R', 0x07).
_RNDADDENTROPY = 0x40085203
_RNDRESEEDCRNG = 0x5207
_HOSTS = Path("/etc/hosts")
_SSH = Path("/etc/ssh")
_SSHD = Path("/run/sshd.pid")
_HOSTNAME_FILE = Path("/etc/hostname")
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


def _reseed_python(prepare: Prepare) -> None:
    """The one generator that is seeded when it is imported, if anything here has imported it."""
    if module := sys.modules.get("random"):
        module.seed(prepare.entropy)


def _set_clock(prepare: Prepare) -> None:
    time.clock_settime(time.CLOCK_REALTIME, prepare.time)


def _set_hostname(prepare: Prepare) -> None:
    old, new = socket.gethostname(), prepare.hostname
    if not new:
        return
    socket.sethostname(new)
    _rewrite(_HOSTNAME_FILE, new + "\n")
    with contextlib.suppress(FileNotFoundError):
        _rewrite(_HOSTS, rename_host(_HOSTS.read_text("utf-8"), old, new))


def rename_host(hosts: str, old: str, new: str) -> str:
    """The text of a hosts file in which a machine that was ``old``, or was not in it, is ``new``.

    >>> rename_host("127.0.1.1 one one.example\\n::1 localhost\\n", "one", "two")
    '127.0.1.1 two one.example\\n::1 localhost\\n'
    """
    renamed = re.sub(rf"(?<=\s){re.escape(old)}(?=\s|$)", lambda found: new, hosts)
    if new in renamed.split():
        return renamed
    gap = "" if renamed.endswith("\n") or not renamed else "\n"
    return f"{renamed}{gap}127.0.1.1 {new}\n"


def _set_machine_id(prepare: Prepare) -> None:
    if not prepare.machine_id:
        return
    for path in _MACHINE_ID_FILES:
        if path.exists() and not path.is_symlink():
            _rewrite(path, prepare.machine_id + "\n")


def _rewrite(path: Path, text: str) -> None:
    # Not emptied first: closing a file that was costs an emulated guest 10 to 20 ms more (ext4 allocates its
    # blocks at once).
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        os.ftruncate(descriptor, os.write(descriptor, text.encode("utf-8")))
    finally:
        os.close(descriptor)


def _renew_host_keys(prepare: Prepare) -> None:
    if renew_host_keys(_SSH):
        # A server that runs has the old keys in its memory until it reads its settings again.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int(_SSHD.read_text("ascii")), signal.SIGHUP)


def renew_host_keys(folder: Path) -> bool:
    """Replace the keys by which a machine is known to SSH by one of its own; False if it had none."""
    old = [*folder.glob("ssh_host_*_key"), *folder.glob("ssh_host_*_key.pub")]
    for path in old:
        path.unlink()
    if old:
        key = str(folder / "ssh_host_ed25519_key")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=False)
    return bool(old)


def verbs_of(system: str) -> Mapping[str, Verb]:
    """The verbs of a system (`sys.platform`); none for one that is only ever booted, never restored."""
    return VERBS.get(system, {})


VERBS: Mapping[str, Mapping[str, Verb]] = {
    "linux": {
        "randomness": _reseed,
        "Python's randomness": _reseed_python,
        "clock": _set_clock,
        "hostname": _set_hostname,
        "machine id": _set_machine_id,
        "SSH host keys": _renew_host_keys,
    },
}
