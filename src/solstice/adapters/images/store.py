"""The image store: every image is fetched or built once, checked, and kept read-only under its digest."""

import asyncio
import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

from solstice.adapters.images.build import DISK_FILES, build_image
from solstice.adapters.images.lock import hold_lock
from solstice.adapters.images.recipe import digest_recipe
from solstice.adapters.images.shelf import Shelf, remove_tree, translate_disk_errors
from solstice.domain.errors import MachineFault
from solstice.domain.event import ImageProgress
from solstice.domain.image import DiskFormat, Image, ReadyImage, Recipe

Progress = Callable[[ImageProgress], None]


class ImageStore:
    """Images below ``root``, which any number of processes may share."""

    def __init__(self, root: Path) -> None:
        self._shelf = Shelf(root)

    async def ready(self, image: Image, progress: Progress) -> ReadyImage:
        """The image on this computer, made or fetched if it has to be; safe to call at once from anywhere."""
        await asyncio.to_thread(self._shelf.lay_out)
        key = await asyncio.to_thread(identify, image)
        found = self._find(image, key)
        return found or await self._make(image, key, progress)

    def _find(self, image: Image, key: str) -> ReadyImage | None:
        digest = self._shelf.read_record(self._shelf.index(key)).get("digest", "")
        return describe(image, digest, self._shelf.content(digest)) if digest else None

    async def _make(self, image: Image, key: str, progress: Progress) -> ReadyImage:
        def say(phrase: str, done: int = 0, total: int = 0) -> None:
            progress(ImageProgress(image.name, phrase, done, total))

        async with hold_lock(self._shelf.lock(key), lambda: say("waiting for another process")):
            if found := self._find(image, key):
                return found
            work = await asyncio.to_thread(self._clear_work, key)
            try:
                folder = await self._gather(image, work, say)
                digest = await asyncio.to_thread(self._shelf.publish, folder)
            finally:
                await asyncio.to_thread(remove_tree, work)
            record = {"digest": digest, "name": image.name}
            await asyncio.to_thread(self._shelf.write_record, self._shelf.index(key), record)
        ready = self._find(image, key)
        if ready is None:
            raise MachineFault(f"the image {image.name} is gone right after it was made", "Try again.")
        return ready

    async def _gather(self, image: Image, work: Path, say: Callable[..., None]) -> Path:
        if isinstance(image.source, Recipe):
            return await build_image(Path(image.source.directory), work, say)
        raise NotImplementedError

    def _clear_work(self, key: str) -> Path:
        """A fresh folder; whatever an interrupted run of ours left is removed, as we hold the lock now."""
        folder = self._shelf.work(key)
        with translate_disk_errors(folder):
            folder.mkdir(exist_ok=True)
            for left in folder.glob("run-*"):
                remove_tree(left)
            return Path(tempfile.mkdtemp(dir=folder, prefix="run-"))


def identify(image: Image) -> str:
    """The key of where the image comes from: it changes when the origin does."""
    if isinstance(image.source, Recipe):
        words = ("recipe", digest_recipe(Path(image.source.directory)))
    else:
        words = ("?", "?")
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:40]


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
