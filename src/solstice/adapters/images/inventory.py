"""What lies in the image cache: listed, checked again, removed."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from solstice.adapters.images.shelf import Shelf, find_damage, translate_disk_errors

_SHORTEST_DIGEST = 8


@dataclass(frozen=True, slots=True)
class Kept:
    """One content: ``names`` are the images that were made from it, ``size`` is in bytes."""

    digest: str
    names: tuple[str, ...]
    size: int
    directory: Path

    def answers_to(self, word: str) -> bool:
        """Whether ``word`` is its digest, or enough of the beginning of it."""
        return len(word) >= _SHORTEST_DIGEST and self.digest.startswith(word)


@dataclass(frozen=True, slots=True)
class Inventory:
    """The contents below ``root``, whether an image map still leads to them or not."""

    root: Path

    @property
    def _shelf(self) -> Shelf:
        return Shelf(self.root)

    def kept(self) -> tuple[Kept, ...]:
        """Everything that is here now, by digest."""
        names: dict[str, set[str]] = {digest: set() for digest in self._shelf.digests()}
        for record in self._shelf.records().values():
            if record.get("digest") in names:
                names[record["digest"]].add(record.get("name", "?"))
        return tuple(
            Kept(
                digest,
                tuple(sorted(found)),
                _measure(self._shelf.content(digest)),
                self._shelf.content(digest),
            )
            for digest, found in names.items()
        )

    async def remove(self, word: str) -> tuple[Kept, ...]:
        """Remove what was made for the image ``word``, or has that digest; contents another image shares
        stay. Returns what is gone. A running machine keeps the disk it has open."""
        return await asyncio.to_thread(self._remove, word)

    def _remove(self, word: str) -> tuple[Kept, ...]:
        before = self.kept()
        meant = {kept.digest for kept in before if kept.answers_to(word) or word in kept.names}
        by_digest = {kept.digest for kept in before if kept.answers_to(word)}
        with translate_disk_errors(self.root):
            for path, record in self._shelf.records().items():
                if record.get("name") == word or record.get("digest") in by_digest:
                    path.unlink(missing_ok=True)
            wanted = {record.get("digest") for record in self._shelf.records().values()}
            gone = tuple(kept for kept in before if kept.digest in meant - wanted)
            for kept in gone:
                self._shelf.discard(kept.digest)
        return gone

    async def verify(self, digest: str) -> tuple[str, ...]:
        """Hash a content again; one line for each file that is not what it was.

        No image leads to a damaged content any more: whoever wants the image next makes it anew.
        """
        return await asyncio.to_thread(self._verify, digest)

    def _verify(self, digest: str) -> tuple[str, ...]:
        complaints = find_damage(self._shelf.content(digest), digest)
        if complaints:
            with translate_disk_errors(self.root):
                for path, record in self._shelf.records().items():
                    if record.get("digest") == digest:
                        path.unlink(missing_ok=True)
        return complaints


def _measure(folder: Path) -> int:
    """Bytes on the disk, which holes make fewer than the files' lengths."""
    try:
        return sum(path.stat().st_blocks * 512 for path in folder.iterdir())
    except FileNotFoundError:
        return 0
