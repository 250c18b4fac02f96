"""Real hypervisors for the contract suite, and what they leave on this host."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from solstice.adapters.images.map_file import load_image_map
from solstice.adapters.images.store import ImageStore
from solstice.adapters.machines.folder import MachineRoot
from solstice.adapters.machines.qemu import QemuHypervisor
from solstice.adapters.machines.sandbox import SandboxHypervisor
from solstice.domain.image import Image, ReadyImage
from solstice.main import settings
from solstice.main.local import write_seed
from solstice.main.shipped import shipped_agent, shipped_image_map
from solstice.orchestrator.ports import Hypervisor

Made = tuple[MachineRoot, Hypervisor]


@dataclass(frozen=True)
class Traces:
    """Processes that work in a folder, and what is in the folder."""

    processes: tuple[int, ...] = ()
    entries: tuple[str, ...] = ()


def traces_below(folder: Path) -> Traces:
    """What machines have left below ``folder``; the lock is ours."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder):
                found.append(process.pid)
        except (psutil.Error, OSError):
            continue
    entries = sorted(path.name for path in folder.iterdir() if path.name != "lock") if folder.is_dir() else ()
    return Traces(tuple(found), tuple(entries))


def shipped_debian() -> Image:
    """The image every machine test boots."""
    return load_image_map(shipped_image_map(), None).resolve("debian-12")


def _cache_dir() -> Path:
    return settings.read_settings({}, settings.read_environment()).cache_dir


def make_sandbox(state_dir: Path, endpoint: Path, changed: Callable[[], None]) -> Made:
    """Sandboxes; skips where there is no bubblewrap."""
    if not shutil.which("bwrap"):
        pytest.skip("no bubblewrap")
    root = MachineRoot(state_dir)
    root.open()
    return root, SandboxHypervisor(
        root=root, agent=shipped_agent(), endpoint=endpoint, changed=changed, notice=lambda text: None
    )


def make_qemu(state_dir: Path, endpoint: Path, changed: Callable[[], None]) -> Made:
    """Virtual machines; skips where there is no QEMU."""
    if not shutil.which("qemu-system-x86_64"):
        pytest.skip("no QEMU")
    root, store = MachineRoot(state_dir), ImageStore(_cache_dir() / "images")
    root.open()

    async def ready(image: Image) -> ReadyImage:
        return await store.ready(image, lambda event: None)

    return root, QemuHypervisor(
        root=root,
        ready=ready,
        write_seed=write_seed,
        endpoint=endpoint,
        cache_dir=_cache_dir(),
        changed=changed,
        notice=lambda text: None,
        agent=shipped_agent(),
        warm_wait=None,
    )


def no_program_qemu(state_dir: Path) -> Hypervisor:
    """QEMU under a name that is not installed."""

    async def never(image: Image) -> ReadyImage:
        raise AssertionError("the image is not needed yet")

    return QemuHypervisor(
        root=MachineRoot(state_dir),
        ready=never,
        write_seed=write_seed,
        endpoint=state_dir / "grpc",
        cache_dir=state_dir,
        changed=lambda: None,
        notice=lambda text: None,
        agent=shipped_agent(),
        warm_wait=None,
        program=f"qemu-that-is-not-there-{os.getpid()}",
    )
