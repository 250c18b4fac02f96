"""A bare guest: the image's kernel and disk with a first process of the benchmark's, no agent and no init."""

from pathlib import Path

from benchmarks.rig import Sighting
from solstice.main.shipped import shipped_agent

INIT = """#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
for module in /modules/*.ko; do /bin/busybox insmod "$module"; done
while [ ! -b /dev/vda ]; do /bin/busybox sleep 0.05; done
/bin/busybox mount -t ext4 -o rw,noatime,noinit_itable /dev/vda /root
/bin/busybox mount -t tmpfs run /root/run
/bin/busybox cp /bare/* /root/run/
/bin/busybox mount --move /dev /root/dev
exec /bin/busybox switch_root /root /bin/sh /run/start
"""
START = """export PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec < /dev/ttyS0 > /dev/ttyS0 2>&1
%s
echo bare-ended
busybox poweroff -f
"""


def make_initrd(sighting: Sighting, target: Path, command: str, script: str = "") -> Path:
    """The image's own initrd with another init, which runs ``command``; ``script`` is /run/script.py."""
    words = sighting.command
    image = Path(words[words.index("-initrd") + 1]).read_bytes()
    files = {
        "init": INIT.encode(),
        "bare/start": (START % command).encode(),
        "bare/script.py": script.encode(),
        "bare/agent.pyz": shipped_agent().read_bytes(),
    }
    entries = [_entry("bare", b"", 0o040755), *(_entry(name, data, 0o100755) for name, data in files.items())]
    # A later archive's files replace those of an earlier one; each begins at a multiple of four bytes.
    target.write_bytes(_pad(image) + b"".join(entries) + _entry("TRAILER!!!", b"", 0))
    return target


def _entry(name: str, data: bytes, mode: int) -> bytes:
    """One member of a cpio archive in its `newc` form."""
    links = 2 if mode & 0o040000 else 1
    fields = (0, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    header = b"070701" + b"".join(b"%08x" % field for field in fields)
    return _pad(header + name.encode() + b"\0") + _pad(data)


def _pad(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
