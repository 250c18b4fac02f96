"""A machine's own disk: an empty overlay over files that are never written to."""

import asyncio
import os
from pathlib import Path

from solstice.domain.errors import MachineFault


async def make_overlay(path: Path, base: Path, base_format: str, size: int, owner: int | None) -> None:
    """An empty qcow2 over ``base``, as large as that or ``size`` bytes."""
    complaint = await _qemu_img(
        *("create", "-q", "-f", "qcow2", "-b", str(base), "-F", base_format, str(path)),
        *([str(size)] if size else []),
    )
    if complaint is not None:
        raise MachineFault(f"cannot make a disk over {base}: {complaint}", "See `solstice doctor`.")
    give(path, owner)


async def flatten(overlay: Path, path: Path) -> None:
    """A copy of a machine's disk that needs no other file; nothing if the machine never had one."""
    if not await asyncio.to_thread(overlay.exists):
        return
    # -U: a QEMU that was killed may hold its lock for as long as its last thread takes to go.
    complaint = await _qemu_img("convert", "-U", "-f", "qcow2", "-O", "qcow2", str(overlay), str(path))
    if complaint is not None:
        raise MachineFault(f"cannot keep the disk {path}: {complaint}", "Free some space.")


async def _qemu_img(*arguments: str) -> str | None:
    """What qemu-img complained about; ``None`` if all went well."""
    process = await asyncio.create_subprocess_exec(
        "qemu-img",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, complaint = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return complaint.decode(errors="replace").strip() if process.returncode else None


def give(path: Path, owner: int | None) -> None:
    """Hand a file to the user QEMU runs as."""
    if owner is not None:
        os.chown(path, owner, owner)


def check_reachable(*paths: Path) -> None:
    """Refuse a place that QEMU's own user could not reach."""
    if os.geteuid() != 0:
        return
    for path in paths:
        for parent in path.resolve().parents:
            if parent.exists() and not parent.stat().st_mode & 0o001:
                raise MachineFault(
                    f"{parent} is closed to other users, and QEMU does not run as root",
                    f"Open it (chmod o+x {parent}), or give another --state-dir and --cache-dir.",
                )
