"""Guests that never say hello: each way of not coming up has its own reason, within the boot limit."""

from pathlib import Path

import pytest

from solstice.adapters.images.map_file import load_image_map
from solstice.adapters.images.store import ImageStore
from solstice.main.settings import read_environment, read_settings
from solstice.main.shipped import shipped_image_map
from tests.journeys.running import NOTHING, Place

SPEAKS = "console=ttyS0 panic=-1"
GUESTS = {
    "kernel-panic": (SPEAKS, "exit 0"),
    "no-init": (SPEAKS, "exec /bin/busybox sleep 1000"),
    "no-agent": (SPEAKS, "echo 'solstice-init: started'; exec /bin/busybox sleep 1000"),
    "no-kernel": ("quiet loglevel=0", "exec /bin/busybox sleep 1000"),
}


def kernel() -> Path:
    """The kernel of the shipped image, which the tasks have made ready."""
    settings = read_settings({}, read_environment())
    image = load_image_map(shipped_image_map(), settings.images).resolve("debian-12")
    ready = ImageStore(settings.cache_dir / "images").find(image)
    assert ready, "make the image first: solstice images pull debian-12"
    assert ready.kernel
    return ready.kernel


def write_recipe(folder: Path, cmdline: str, init: str) -> Path:
    """An image with nothing on its disk, and an init of one line; returns its map."""
    recipe = folder / "images/silent"
    recipe.mkdir(parents=True)
    (recipe / "recipe.toml").write_text(
        '[image]\nos = "none"\nboot = "kernel"\nformat = "qcow2"\nseed_bus = "virtio"\n'
        f'cmdline = "{cmdline}"\n'
    )
    (recipe / "init").write_text(f"#!/bin/busybox sh\n{init}\n")
    build = recipe / "build"
    build.write_text(
        '#!/bin/sh\nset -eu\nhere=$(dirname "$0")\nroot=$(mktemp -d)\ntrap \'rm -rf "$root"\' EXIT\n'
        'qemu-img create -q -f qcow2 "$1/disk.qcow2" 64M\n'
        f'cp "{kernel()}" "$1/kernel"\n'
        'mkdir "$root/bin" "$root/dev"\ncp "$(command -v busybox)" "$root/bin/busybox"\n'
        'cp "$here/init" "$root/init"\nchmod 755 "$root/init"\n'
        '(cd "$root" && find . | cpio --quiet -o -H newc) > "$1/initrd"\n'
    )
    build.chmod(0o755)
    (folder / "images.toml").write_text('[images.silent]\nbuild = "images/silent"\n')
    return folder / "images.toml"


@pytest.mark.machine
@pytest.mark.slow
@pytest.mark.parametrize("cause", GUESTS)
def test_a_guest_that_does_not_come_up_is_our_fault_with_its_own_reason(place: Place, cause: str) -> None:
    images = write_recipe(place.folder, *GUESTS[cause])
    cache = place.folder / "cache"
    cache.mkdir(mode=0o755)
    place.write(".solstice/workflow.kdl", 'workflow { job id="a" runs_on="silent" { step run="true" } }')
    ended = place.run("--images", str(images), "--cache-dir", str(cache), "--boot-limit", "12")
    assert ended.code == 3, ended.stderr
    reason = ended.end_of("a")["reason"]
    assert (reason["cause"], reason["fault"]) == (cause, "infrastructure")
    assert ("detail" in reason) == (cause != "no-kernel")
    assert place.leftovers() == NOTHING
