"""The store: an image is made once, kept whole under its digest, and a cache is sound after every mishap."""

import asyncio
import gzip
import hashlib
import lzma
import multiprocessing
import os
import resource
import signal
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import zstandard

from solstice.adapters.images.download import DownloadRules
from solstice.adapters.images.inventory import Inventory
from solstice.adapters.images.store import ImageStore
from solstice.domain.errors import MachineFault, OperatorMistake, Transient
from solstice.domain.event import ImageProgress
from solstice.domain.image import (
    Decompress,
    Digest,
    DigestKind,
    DiskFormat,
    Image,
    Local,
    Recipe,
    Remote,
)
from tests.adapters.images.publisher import Publisher, Served, break_off, open_publisher, say, stall

DISK = bytes(2_000_000) + b"not much of a disk" * 10_000
QUICK = DownloadRules(stall=timedelta(milliseconds=300), attempts=2, first_wait=timedelta(milliseconds=1))


def sha256(data: bytes) -> Digest:
    return Digest(DigestKind.SHA256, hashlib.sha256(data).hexdigest())


def raw(source: Remote | Local | Recipe, decompress: Decompress = Decompress.NONE) -> Image:
    return Image("disk", source, "linux", format=DiskFormat.RAW, decompress=decompress)


def ignore(progress: ImageProgress) -> None:
    """Progress nobody looks at."""


def list_leftovers(root: Path) -> list[Path]:
    """Everything below the cache that is neither a content nor a record."""
    return [path for path in (root / "work").rglob("*") if path.is_file()]


def write_recipe(folder: Path, script: str) -> Image:
    folder.mkdir(exist_ok=True)
    (folder / "build").write_text(f"#!/bin/sh\nset -e\n{script}\n")
    (folder / "build").chmod(0o755)
    return raw(Recipe(str(folder)))


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "cache", QUICK)


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    async with open_publisher() as publisher:
        publisher.files["/disk"] = Served(DISK)
        yield publisher


@pytest.fixture
def scarce_disk() -> Iterator[None]:
    """No file of this process may grow beyond half a megabyte: what a full disk does, for any user."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_fetched_image_lies_read_only_under_its_digest(
    store: ImageStore, publisher: Publisher
) -> None:
    ready = await store.ready(raw(Remote(publisher.url + "/disk", sha256(DISK))), ignore)
    assert ready.disk.read_bytes() == DISK
    assert ready.disk_format is DiskFormat.RAW
    assert ready.directory == store.root / "content" / ready.digest
    assert stat.S_IMODE(ready.disk.stat().st_mode) == 0o444
    assert stat.S_IMODE(ready.directory.stat().st_mode) == 0o555
    assert not list_leftovers(store.root)


async def test_an_image_that_is_there_is_not_fetched_again(store: ImageStore, publisher: Publisher) -> None:
    image = raw(Remote(publisher.url + "/disk", sha256(DISK)))
    first = await store.ready(image, ignore)
    assert await store.ready(image, ignore) == first
    mirror = replace(image, source=Remote("http://127.0.0.1:9/disk", sha256(DISK)))
    assert (await store.ready(mirror, ignore)).disk == first.disk
    assert len(publisher.requests) == 1


@pytest.mark.parametrize(
    ("how", "pack"),
    [
        pytest.param(Decompress.ZSTD, zstandard.ZstdCompressor().compress, id="zstd"),
        pytest.param(Decompress.XZ, lzma.compress, id="xz"),
        pytest.param(Decompress.GZ, gzip.compress, id="gz"),
    ],
)
async def test_the_digest_is_of_what_is_fetched_and_the_disk_is_unpacked(
    store: ImageStore, publisher: Publisher, how: Decompress, pack: Callable[[bytes], bytes]
) -> None:
    packed = pack(DISK)
    publisher.files["/disk.x"] = Served(packed)
    ready = await store.ready(raw(Remote(publisher.url + "/disk.x", sha256(packed)), how), ignore)
    assert ready.disk.read_bytes() == DISK
    assert not list_leftovers(store.root)


async def test_a_wrong_digest_is_refused_and_leaves_nothing(store: ImageStore, publisher: Publisher) -> None:
    image = raw(Remote(publisher.url + "/disk", sha256(b"something else")))
    with pytest.raises(MachineFault, match="is not what it should be: sha256:"):
        await store.ready(image, ignore)
    assert store.find(image) is None
    assert not list_leftovers(store.root)
    assert not Inventory(store.root).kept()


async def test_a_half_that_was_damaged_is_fetched_anew(store: ImageStore, publisher: Publisher) -> None:
    image = raw(Remote(publisher.url + "/disk", sha256(DISK)))
    publisher.quirks = [break_off(1_000_000), say("503 Busy")]
    with pytest.raises(Transient):
        await store.ready(image, ignore)
    (part,) = [path for path in list_leftovers(store.root) if path.name == "part"]
    part.write_bytes(b"x" * 1_000_000)
    assert (await store.ready(image, ignore)).disk.read_bytes() == DISK


async def test_the_publishers_checksum_file_counts_the_first_time_and_is_then_remembered(
    store: ImageStore, publisher: Publisher
) -> None:
    sums = f"# signed\n{'0' * 64}  other\n{sha256(DISK).value} *./disk\n"
    publisher.files["/SHA256SUMS"] = Served(sums.encode())
    image = raw(Remote(publisher.url + "/disk", digest_url=publisher.url + "/SHA256SUMS"))
    await store.ready(image, ignore)
    await Inventory(store.root).remove("disk")
    changed = DISK + b"changed"
    publisher.files["/disk"] = Served(changed)
    publisher.files["/SHA256SUMS"] = Served(f"{sha256(changed).value}  disk\n".encode())
    with pytest.raises(MachineFault) as caught:
        await store.ready(image, ignore)
    assert "--relock" in caught.value.remedy
    store.unlock(image)
    assert (await store.ready(image, ignore)).disk.read_bytes() == changed


async def test_a_local_disk_is_copied_and_a_changed_one_copied_again(
    store: ImageStore, tmp_path: Path
) -> None:
    source = tmp_path / "disk.raw"
    source.write_bytes(DISK)
    first = await store.ready(raw(Local(str(source), sha256(DISK))), ignore)
    by_url = await store.ready(raw(Remote(source.as_uri(), sha256(DISK))), ignore)
    assert first.disk.read_bytes() == DISK
    assert by_url.digest == first.digest
    source.write_bytes(b"new" + DISK)
    assert (await store.ready(raw(Local(str(source))), ignore)).digest != first.digest


async def test_a_local_disk_that_is_not_there_is_said(store: ImageStore) -> None:
    with pytest.raises(OperatorMistake, match="cannot read the disk /nowhere/disk"):
        await store.ready(raw(Local("/nowhere/disk")), ignore)


async def test_a_full_disk_is_said_and_leaves_the_cache_sound(
    store: ImageStore, publisher: Publisher, scarce_disk: None
) -> None:
    image = raw(Remote(publisher.url + "/disk", sha256(DISK)))
    with pytest.raises(MachineFault, match="no room left") as caught:
        await store.ready(image, ignore)
    assert "images rm" in caught.value.remedy
    assert not list_leftovers(store.root)
    assert store.find(image) is None


async def test_after_a_full_disk_the_image_comes_as_if_nothing_had_been(
    store: ImageStore, publisher: Publisher
) -> None:
    image = raw(Remote(publisher.url + "/disk", sha256(DISK)))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, before[1]))
    try:
        with pytest.raises(MachineFault):
            await store.ready(image, ignore)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (await store.ready(image, ignore)).disk.read_bytes() == DISK


async def test_tasks_that_want_one_image_fetch_it_once(store: ImageStore, publisher: Publisher) -> None:
    image = raw(Remote(publisher.url + "/disk", sha256(DISK)))
    said: list[str] = []
    results = await asyncio.gather(
        *(store.ready(image, lambda progress: said.append(progress.phrase)) for _ in range(5))
    )
    assert len(publisher.requests) == 1
    assert len({ready.digest for ready in results}) == 1
    assert said.count("waiting for another process") == 4


def build_in_process(root: Path, image: Image, barrier: "multiprocessing.synchronize.Barrier") -> None:
    barrier.wait()
    asyncio.run(ImageStore(root).ready(image, ignore))


def test_two_processes_build_once(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    image = write_recipe(tmp_path / "recipe", f'echo run >> {journal}; sleep 0.3; echo disk > "$1/disk.raw"')
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(2)
    children = [
        spawn.Process(target=build_in_process, args=(tmp_path / "cache", image, barrier)) for _ in range(2)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(20)
    assert [child.exitcode for child in children] == [0, 0]
    assert journal.read_text() == "run\n"


@pytest.mark.timeout(60)
def test_after_a_process_was_killed_in_the_middle_the_next_one_builds(tmp_path: Path) -> None:
    pipe, again = tmp_path / "pipe", tmp_path / "again"
    os.mkfifo(pipe)
    image = write_recipe(
        tmp_path / "recipe",
        f'echo half > "$1/disk.raw"\n[ -e {again} ] || {{ echo $$ > {pipe}; exec sleep 60; }}\n'
        'echo whole > "$1/disk.raw"',
    )
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(1)
    child = spawn.Process(target=build_in_process, args=(tmp_path / "cache", image, barrier))
    child.start()
    orphan = int(pipe.read_text())
    child.kill()
    child.join(20)
    os.killpg(orphan, signal.SIGKILL)
    again.touch()
    store = ImageStore(tmp_path / "cache")
    assert store.find(image) is None
    ready = asyncio.run(store.ready(image, ignore))
    assert ready.disk.read_text() == "whole\n"
    assert not list_leftovers(store.root)


async def test_a_recipe_is_built_once_and_again_when_it_changes(store: ImageStore, tmp_path: Path) -> None:
    image = write_recipe(tmp_path / "recipe", 'echo working; echo 1 > "$1/disk.raw"; echo k > "$1/kernel"')
    said: list[str] = []
    first = await store.ready(image, lambda progress: said.append(progress.phrase))
    assert "working" in said
    assert first.kernel is not None
    assert first.kernel.read_text() == "k\n"
    assert first.initrd is None
    assert await store.ready(image, ignore) == first
    changed = write_recipe(tmp_path / "recipe", 'echo 2 > "$1/disk.raw"')
    second = await store.ready(changed, ignore)
    assert second.disk.read_text() == "2\n"
    assert first.disk.read_text() == "1\n"


async def test_a_recipe_can_be_built_afresh(store: ImageStore, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    image = write_recipe(tmp_path / "recipe", f'echo run >> {journal}; cp {journal} "$1/disk.raw"')
    await store.ready(image, ignore)
    ready = await store.ready(image, ignore, fresh=True)
    assert ready.disk.read_text() == "run\nrun\n"


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        pytest.param("echo oh no >&2; exit 3", "failed with code 3; its last lines:\n    oh no", id="fails"),
        pytest.param("echo 1 > $1/other", "left no disk.qcow2", id="no disk"),
        pytest.param("echo 'No space left on device' >&2; exit 1", "no room left", id="no room"),
    ],
)
async def test_a_recipe_that_fails_says_why_and_leaves_nothing(
    store: ImageStore, tmp_path: Path, script: str, complaint: str
) -> None:
    image = write_recipe(tmp_path / "recipe", script)
    with pytest.raises(MachineFault) as caught:
        await store.ready(image, ignore)
    assert complaint in str(caught.value)
    assert not list_leftovers(store.root)
    assert store.find(image) is None


async def test_a_recipe_that_needs_an_absent_program_says_how_to_get_it(
    store: ImageStore, tmp_path: Path
) -> None:
    image = write_recipe(tmp_path / "recipe", "exit 1")
    (tmp_path / "recipe/recipe.toml").write_text('[build]\nneeds = ["no-such-program"]\ninstall = "get it"\n')
    with pytest.raises(MachineFault, match="does not have: no-such-program") as caught:
        await store.ready(image, ignore)
    assert caught.value.remedy == "Install them: get it."


async def test_a_cancelled_build_leaves_no_process_and_no_files(store: ImageStore, tmp_path: Path) -> None:
    script = f'sleep 60 & echo "$!" > {tmp_path}/pid; echo begun; wait'
    begun = asyncio.Event()
    image = write_recipe(tmp_path / "recipe", script)
    task = asyncio.create_task(store.ready(image, lambda progress: begun.set()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not list_leftovers(store.root)
    pid = int((tmp_path / "pid").read_text())
    state = Path(f"/proc/{pid}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"


async def test_a_cancelled_download_is_gone_on_with(store: ImageStore, publisher: Publisher) -> None:
    image = raw(Remote(publisher.url + "/disk", sha256(DISK)))
    publisher.quirks = [stall(1_500_000)]
    arrived = asyncio.Event()
    task = asyncio.create_task(
        ImageStore(store.root).ready(image, lambda said: arrived.set() if said.done >= 1_500_000 else None)
    )
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.ready(image, ignore)
    assert publisher.requests[-1].start == 1_500_000


async def test_what_a_killed_run_left_goes_at_the_next_use(store: ImageStore, tmp_path: Path) -> None:
    image = write_recipe(tmp_path / "recipe", 'echo 1 > "$1/disk.raw"')
    ready = await store.ready(image, ignore)
    works = store.root / "work"
    (key,) = [path.name for path in works.iterdir()]
    for folder in (works / key / "run-dead", works / "trash-dead"):
        folder.mkdir()
        (folder / "half").write_text("half")
        folder.chmod(0o555)
    other = write_recipe(tmp_path / "other", 'echo 2 > "$1/disk.raw"')
    await store.ready(other, ignore)
    assert not list_leftovers(store.root)
    assert ready.disk.exists()


async def test_a_disk_that_is_not_what_the_map_says_is_refused(store: ImageStore, tmp_path: Path) -> None:
    source = tmp_path / "disk"
    source.write_bytes(b"QFI\xfb" + bytes(500))
    with pytest.raises(MachineFault, match="declared raw but is a qcow2"):
        await store.ready(raw(Local(str(source))), ignore)
    source.write_bytes(bytes(500))
    with pytest.raises(MachineFault, match="declared qcow2 but is none"):
        await store.ready(replace(raw(Local(str(source))), format=DiskFormat.QCOW2), ignore)
    assert not Inventory(store.root).kept()


async def test_an_unwritable_cache_is_said(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(MachineFault, match="cannot write to the image cache") as caught:
        await ImageStore(tmp_path / "cache").ready(write_recipe(tmp_path / "r", "exit 0"), ignore)
    assert "--cache-dir" in caught.value.remedy
