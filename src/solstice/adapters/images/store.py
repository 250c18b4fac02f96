"""The image store: every image is fetched or built once, checked, and kept read-only under its digest."""

import asyncio
import os
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from solstice.adapters.images.build import DISK_FILES, build_image
from solstice.adapters.images.download import DownloadRules, forget
from solstice.adapters.images.fetch import Fetch
from solstice.adapters.images.identity import identify, read_pin
from solstice.adapters.images.lock import hold_lock, try_lock
from solstice.adapters.images.shelf import Shelf, remove_tree, translate_disk_errors
from solstice.domain.errors import MachineFault
from solstice.domain.event import ImageProgress
from solstice.domain.image import DiskFormat, Image, ReadyImage, Recipe, Remote

Progress = Callable[[ImageProgress], None]


@dataclass(frozen=True, slots=True)
class ImageStore:
    """Images below ``root``, which any number of processes may share."""

    root: Path
    rules: DownloadRules = field(default_factory=DownloadRules)

    @property
    def _shelf(self) -> Shelf:
        return Shelf(self.root)

    async def ready(self, image: Image, progress: Progress, fresh: bool = False) -> ReadyImage:
        """The image on this computer, made or fetched if it has to be; safe to call at once from anywhere.

        ``fresh`` makes it again though it is there (a recipe's packages may be newer by now). Raises
        `Transient` when a server fails for long, `OperatorMistake` for everything a person must mend.
        """
        await asyncio.to_thread(self._shelf.lay_out)
        key = await asyncio.to_thread(identify, image)
        found = None if fresh else self.find(image, key)
        return found or await self._make(image, key, progress, fresh)

    def find(self, image: Image, key: str = "") -> ReadyImage | None:
        """The image if it is here, without making it."""
        record = self._shelf.read_record(self._shelf.index(key or identify(image)))
        digest = record.get("digest", "")
        return describe(image, digest, self._shelf.content(digest)) if digest else None

    async def _make(self, image: Image, key: str, progress: Progress, fresh: bool) -> ReadyImage:
        say = _speak_in_loop(image.name, progress)
        async with hold_lock(self._shelf.lock(key), lambda: say("waiting for another process")):
            if not fresh and (found := self.find(image, key)):
                return found
            work = await asyncio.to_thread(self._clear_work, key)
            try:
                folder = await self._gather(image, key, work, say)
                say("hashing")
                digest = await asyncio.to_thread(self._shelf.publish, folder)
            finally:
                await asyncio.to_thread(remove_tree, work)
            record = {"digest": digest, "name": image.name}
            await asyncio.to_thread(self._shelf.write_record, self._shelf.index(key), record)
        ready = self.find(image, key)
        if ready is None:
            raise MachineFault(f"the image {image.name} is gone right after it was made", "Try again.")
        return ready

    async def _gather(self, image: Image, key: str, work: Path, say: Callable[..., None]) -> Path:
        if isinstance(image.source, Recipe):
            return await build_image(Path(image.source.directory), work, say)
        part = work.parent / "part"
        pinned = read_pin(self._shelf.read_record(self._shelf.pin(key)))
        try:
            fetched = await Fetch(image, work, part, self.rules, say, pinned).run()
        except MachineFault:
            forget(part)  # the disk is full, or the bytes are wrong: nothing to go on from
            raise
        forget(part)
        if isinstance(image.source, Remote) and image.source.digest_url:
            record = {"digest": str(fetched.digest), "digest_url": image.source.digest_url}
            await asyncio.to_thread(self._shelf.write_record, self._shelf.pin(key), record)
        return fetched.folder

    def _clear_work(self, key: str) -> Path:
        """A fresh folder; whatever interrupted runs left is removed, ours (we hold the lock) and others'."""
        folder = self._shelf.work(key)
        with translate_disk_errors(folder):
            folder.mkdir(exist_ok=True)
            _remove_runs(folder)
            for other in self._shelf.works.iterdir():
                if other.name.startswith("trash-"):
                    remove_tree(other)
                elif other != folder:
                    _sweep(other, self._shelf.lock(other.name))
            return Path(tempfile.mkdtemp(dir=folder, prefix="run-"))

    def unlock(self, image: Image) -> None:
        """Forget the digest a publisher's checksum file gave the first time."""
        self._shelf.pin(identify(image)).unlink(missing_ok=True)


def describe(image: Image, digest: str, folder: Path) -> ReadyImage | None:
    """What lies in a content folder; ``None`` when it is not there."""
    disk = next((folder / name for name in DISK_FILES if (folder / name).is_file()), None)
    if disk is None:
        return None
    kernel, initrd = folder / "kernel", folder / "initrd"
    return ReadyImage(
        image=image,
        digest=digest,
        directory=folder,
        disk=disk,
        disk_format=DiskFormat(disk.suffix[1:]),
        kernel=kernel if kernel.is_file() else None,
        initrd=initrd if initrd.is_file() else None,
    )


def _speak_in_loop(name: str, progress: Progress) -> Callable[..., None]:
    """What is said in a thread reaches ``progress`` in the event loop's own, like everything else."""
    loop, home = asyncio.get_running_loop(), threading.get_ident()

    def say(phrase: str, done: int = 0, total: int = 0) -> None:
        event = ImageProgress(name, phrase, done, total)
        if threading.get_ident() == home:
            progress(event)
        else:
            loop.call_soon_threadsafe(progress, event)

    return say


def _sweep(folder: Path, lock: Path) -> None:
    """Remove what a run that is over left in ``folder``; its half of a download stays, to be gone on with."""
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if try_lock(handle):
            _remove_runs(folder)
    finally:
        os.close(handle)


def _remove_runs(folder: Path) -> None:
    for left in folder.glob("run-*"):
        remove_tree(left)
