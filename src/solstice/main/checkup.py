"""The examination behind `solstice doctor`: every need looked at for real, none taken from a version."""

import asyncio
import shutil
from pathlib import Path
from tempfile import TemporaryFile

import psutil

from solstice.adapters.images.map_file import load_image_map
from solstice.adapters.images.store import ImageStore
from solstice.adapters.machines.accelerator import NOT_TRIED, AcceleratorProbe
from solstice.adapters.machines.disk import check_reachable
from solstice.adapters.machines.folder import find_abandoned
from solstice.adapters.machines.qemu import INSTALL, PROGRAM
from solstice.adapters.machines.sandbox import check_sandbox
from solstice.domain.checkup import Check, CheckState
from solstice.domain.errors import OperatorMistake, SolsticeError
from solstice.domain.image import ImageMap, ReadyImage
from solstice.main.settings import Settings
from solstice.main.shipped import shipped_agent, shipped_image_map

GIB = 1024**3
LEAST_DISK, LEAST_MEMORY = 2 * GIB, 1 * GIB
OK, WARN, FAIL = CheckState.OK, CheckState.WARN, CheckState.FAIL


async def examine(settings: Settings) -> list[Check]:
    """Every check, in the order of a job's life."""
    images = load_image_map(shipped_image_map(), settings.images)
    ready = _ready_images(settings, images)
    return [
        _git(),
        await _qemu(),
        await _kvm(settings, ready),
        await _sandbox(),
        _agent(),
        check_folder("state", settings.state_dir, "machines", "runs"),
        check_folder("cache", settings.cache_dir, "images"),
        _reachable(settings),
        _memory(),
        check_leftovers(settings.state_dir),
        _default_image(images, ready),
    ]


def _git() -> Check:
    found = shutil.which("git")
    if found:
        return Check("git", OK, found)
    return Check("git", FAIL, "not installed", "Install it: apt-get install git.")


async def _qemu() -> Check:
    missing = [name for name in (PROGRAM, "qemu-img", "setpriv", "timeout") if not shutil.which(name)]
    if missing:
        return Check("qemu", FAIL, f"not installed: {', '.join(missing)}", f"Install it: {INSTALL}.")
    return Check("qemu", OK, await _first_line(PROGRAM, "--version"))


async def _kvm(settings: Settings, ready: dict[str, ReadyImage]) -> Check:
    if not shutil.which(PROGRAM):
        return Check("kvm", WARN, "not tried without QEMU")
    kernels = [image for image in ready.values() if image.kernel]
    kernel, initrd = (kernels[0].kernel, kernels[0].initrd) if kernels else (None, None)
    accelerator, why = await AcceleratorProbe(PROGRAM, settings.cache_dir).ask(kernel, initrd)
    if accelerator.kind == "kvm":
        return Check("kvm", OK, "a kernel boots on it")
    if kernel is None and why == NOT_TRIED:
        return Check("kvm", WARN, "not tried yet: no image is here", "Bring one: solstice images build.")
    return Check("kvm", WARN, why, "Give this machine KVM (nested virtualisation); jobs run without, slower.")


async def _sandbox() -> Check:
    try:
        await check_sandbox()
    except OperatorMistake as mistake:
        return Check("bubblewrap", WARN, str(mistake), mistake.remedy)
    return Check("bubblewrap", OK, "makes sandboxes (solstice run --hypervisor sandbox)")


def _agent() -> Check:
    try:
        agent = shipped_agent()
    except OperatorMistake as mistake:
        return Check("agent", FAIL, str(mistake), mistake.remedy)
    return Check("agent", OK, f"{agent.stat().st_size / 1000:.0f} kB")


def check_folder(name: str, folder: Path, *inside: str) -> Check:
    """Whether a run could write to ``folder`` and the folders it makes in it, and how much room there is."""
    remedy = f"Give a --{name}-dir that this user can write to."
    try:
        for place in (folder, *(folder / one for one in inside)):
            # Made, not judged by its mode: a read-only mount and a quota say no as well.
            with TemporaryFile(dir=_nearest(place)):
                pass
        free = shutil.disk_usage(_nearest(folder)).free
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return Check(name, FAIL, f"{folder} cannot be written: {reason}", remedy)
    found = f"{free / GIB:.1f} GiB free for {folder}"
    if free < LEAST_DISK:
        return Check(name, FAIL, found, f"Free some space, or give another --{name}-dir.")
    return Check(name, OK, found)


def _nearest(folder: Path) -> Path:
    """The folder, or where it would be made."""
    return next(parent for parent in (folder, *folder.parents) if parent.exists())


def check_leftovers(state_dir: Path) -> Check:
    """Machines that killed runs left behind."""
    left = find_abandoned(state_dir)
    if not left:
        return Check("leftovers", OK, "no machine of a run that was killed")
    machines = "1 machine" if len(left) == 1 else f"{len(left)} machines"
    return Check(
        "leftovers", WARN, f"{machines} of runs that were killed", "The next solstice run removes them."
    )


def _reachable(settings: Settings) -> Check:
    try:
        check_reachable(settings.state_dir / "x", settings.cache_dir / "x")
    except OperatorMistake as mistake:
        return Check("reachable", FAIL, str(mistake), mistake.remedy)
    return Check("reachable", OK, "QEMU's own user can reach state and cache")


def _memory() -> Check:
    free = psutil.virtual_memory().available
    found = f"{free / GIB:.1f} GiB free, {psutil.cpu_count() or 1} processors"
    if free < LEAST_MEMORY:
        return Check("memory", WARN, found, "Jobs wait until there is room for their machines.")
    return Check("memory", OK, found)


def _default_image(images: ImageMap, ready: dict[str, ReadyImage]) -> Check:
    try:
        default = images.resolve("")
    except OperatorMistake as mistake:
        return Check("images", FAIL, str(mistake), mistake.remedy)
    if default.name in ready:
        return Check("images", OK, f"ready: {', '.join(sorted(ready))}")
    remedy = "The first run brings it, or: solstice images pull."
    return Check("images", WARN, f"{default.name}, the default, is not here yet", remedy)


def _ready_images(settings: Settings, images: ImageMap) -> dict[str, ReadyImage]:
    store, ready = ImageStore(settings.cache_dir / "images"), {}
    for name, image in images.images.items():
        try:
            found = store.find(image)
        except SolsticeError:
            continue
        if found:
            ready[name] = found
    return ready


async def _first_line(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    return said.decode(errors="replace").partition("\n")[0]
