"""From a URL or a path to a checked, unpacked disk."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from solstice.adapters.images.checksums import find_digest
from solstice.adapters.images.download import DownloadRules, download, forget, show_url
from solstice.adapters.images.qcow2 import check_disk
from solstice.adapters.images.shelf import hash_file, translate_disk_errors
from solstice.adapters.images.unpack import unpack
from solstice.domain.errors import MachineFault, OperatorMistake
from solstice.domain.image import Decompress, Digest, DigestKind, Image, Local, Remote

_MOST_CHECKSUM_BYTES = 4 << 20
_LARGEST_DISK_FILE = 256 << 30

Say = Callable[..., None]
"""Takes a phrase, and optionally bytes done and bytes in total."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """``folder`` holds the disk alone; ``digest`` is what the file at the source hashed to."""

    folder: Path
    digest: Digest


@dataclass(frozen=True, slots=True)
class Fetch:
    """One image on its way: ``work`` is thrown away afterwards, ``part`` outlives an interruption.

    ``pinned`` is the digest a publisher's checksum file gave the first time.
    """

    image: Image
    work: Path
    part: Path
    rules: DownloadRules
    say: Say
    pinned: Digest | None = None

    async def run(self) -> Fetched:
        """Bring it here, check it before anything reads it, unpack it and look at its header."""
        expected = await self._expect()
        kind = expected.kind if expected else DigestKind.SHA256
        found = Digest(kind, await self._bring(kind.algorithm, expected))
        if expected and found != expected:
            raise self._mismatch(expected, found)
        folder = await asyncio.to_thread(self._unpack)
        return Fetched(folder, found)

    async def _expect(self) -> Digest | None:
        source = self.image.source
        if isinstance(source, Remote) and source.digest_url and not self.pinned:
            return await self._look_up(source.url, source.digest_url)
        return self.pinned or (source.digest if isinstance(source, Remote | Local) else None)

    async def _look_up(self, url: str, digest_url: str) -> Digest:
        self.say("reading the publisher's checksums")
        target = self.work / "checksums"
        if path := find_local_path(digest_url):
            await asyncio.to_thread(_copy, path, target, _MOST_CHECKSUM_BYTES, self.say)
        else:
            rules = DownloadRules(
                stall=self.rules.stall,
                attempts=self.rules.attempts,
                first_wait=self.rules.first_wait,
                most_bytes=_MOST_CHECKSUM_BYTES,
                proxy=self.rules.proxy,
                ca_file=self.rules.ca_file,
            )
            await download(digest_url, target, "sha256", rules, lambda done, total: None)
        text = target.read_text(errors="replace")
        return find_digest(text, Path(unquote(urlsplit(url).path)).name, show_url(digest_url))

    async def _bring(self, algorithm: str, expected: Digest | None) -> str:
        source = self.image.source
        where = source.path if isinstance(source, Local) else source.url if isinstance(source, Remote) else ""
        if path := find_local_path(where):
            self.say("copying")
            await asyncio.to_thread(_copy, path, self.part, _LARGEST_DISK_FILE, self.say)
            return await asyncio.to_thread(hash_file, self.part, algorithm)

        def say(done: int, total: int) -> None:
            self.say("downloading", done, total)

        resumed = self.part.exists()
        found = await download(where, self.part, algorithm, self.rules, say, expected is not None)
        if resumed and expected and found != expected.value:
            # What an earlier run left may be the damaged half: once more, from the beginning.
            forget(self.part)
            found = await download(where, self.part, algorithm, self.rules, say, True)
        return found

    def _unpack(self) -> Path:
        folder = self.work / "kept"
        disk = folder / f"disk.{self.image.format.value}"
        with translate_disk_errors(folder):
            folder.mkdir()
        if self.image.decompress is Decompress.NONE:
            with translate_disk_errors(folder):
                self.part.rename(disk)
        else:
            self.say("unpacking")
            unpack(
                self.part,
                disk,
                self.image.decompress,
                _LARGEST_DISK_FILE,
                lambda done: self.say("unpacking", done),
            )
        check_disk(disk, self.image.format, self.image.name)
        return folder

    def _mismatch(self, expected: Digest, found: Digest) -> MachineFault:
        if self.pinned:
            remedy = (
                "The publisher changed the file since it was first used here; to accept the new one: "
                f"`solstice images pull --relock {self.image.name}`."
            )
        else:
            remedy = (
                "Do not use it; if the publisher changed it on purpose, mend the digest in the image map."
            )
        return MachineFault(
            f"the image {self.image.name} is not what it should be: {found} came, {expected} was expected",
            remedy,
        )


def find_local_path(where: str) -> Path | None:
    """The path ``where`` means, when it is one or a ``file://`` URL."""
    if where.lower().startswith("file://"):
        return Path(unquote(urlsplit(where).path))
    return None if "://" in where else Path(where)


def _copy(path: Path, target: Path, most_bytes: int, say: Say) -> None:
    if not path.is_file():
        raise OperatorMistake(f"there is no file {path}", "Mend `source` in the image map.")
    unpack(path, target, Decompress.NONE, most_bytes, lambda done: say("copying", done))
