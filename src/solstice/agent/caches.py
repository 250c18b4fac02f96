"""Folders carried from run to run: their keys, and their way in and out of the machine."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from solstice.agent.archive import Entry, pack, unpack
from solstice.agent.globs import PatternMistake, find_files
from solstice.agent.job import PhaseFailed
from solstice.agent.logs import JobLog
from solstice.agent.transfers import Absent, Transfers
from solstice.agent.workspace import Workspace
from solstice.wire.agent import GET_CACHE, PUT_CACHE, messages

_DIGEST_CHARACTERS = 32
_BLOCK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Caches:
    """Restores and saves; whatever goes wrong costs time, never the job.

    In the stream a name begins with ``home``, ``work`` or ``root``: where its path was counted from.
    """

    workspace: Workspace
    transfers: Transfers
    log: JobLog

    async def restore(self, caches: Sequence[Any]) -> None:
        """Lay down every cache there is something for."""
        for cache in caches:
            try:
                await self._restore_one(cache)
            except (PhaseFailed, PatternMistake, OSError) as failure:
                self.log.say(f"[solstice: a cache could not be restored: {failure}]")

    async def save(self, caches: Sequence[Any]) -> None:
        """Send every cache; one that is stored already is left as it is."""
        for cache in caches:
            try:
                await self._save_one(cache)
            except (PhaseFailed, PatternMistake, OSError) as failure:
                self.log.say(f"[solstice: a cache could not be saved: {failure}]")

    async def _restore_one(self, cache: Any) -> None:
        key = self.key(cache)

        def take(file: IO[bytes]) -> int:
            return unpack(file, self._roots(), self.workspace.user.own, links=True)

        try:
            request = messages.CacheRequest(key=key, restore=cache.restore)
            files = await self.transfers.receive(GET_CACHE, request, take)
        except Absent:
            self.log.say(f'[solstice: no cache for "{key}" yet]')
            return
        self.log.say(f'[solstice: restored {files} files for cache "{key}"]')

    async def _save_one(self, cache: Any) -> None:
        key = self.key(cache)
        entries = [entry for path in cache.paths for entry in self._entries(path)]
        if not entries:
            self.log.say(f'[solstice: nothing to save for cache "{key}"]')
            return
        header = messages.CacheHeader(key=key)
        receipt = await self.transfers.send(PUT_CACHE, header, lambda file: pack(entries, file))
        verb = "saved" if receipt.stored else "did not save"
        self.log.say(f'[solstice: {verb} {len(entries)} files for cache "{key}"]')

    def key(self, cache: Any) -> str:
        """The cache's key, each list of globs replaced by the digest of the files it means now."""
        return "".join(part.literal or self._digest(part.globs) for part in cache.key)

    def _digest(self, globs: Sequence[str]) -> str:
        if not globs:
            return ""
        digest = hashlib.sha256()
        for file in find_files(self.workspace.checkout, globs):
            content = hashlib.sha256()
            with file.path.open("rb") as opened:
                while block := opened.read(_BLOCK_BYTES):
                    content.update(block)
            digest.update(os.fsencode(file.name) + b"\0" + content.digest())
        return digest.hexdigest()[:_DIGEST_CHARACTERS]

    def _roots(self) -> Mapping[str, Path]:
        return {"home": Path(self.workspace.user.home), "work": self.workspace.checkout, "root": Path("/")}

    def _entries(self, path: str) -> Iterator[Entry]:
        if path == "~" or path.startswith("~/"):
            word, below = "home", path[2:]
        elif path.startswith("/"):
            word, below = "root", path[1:]
        else:
            word, below = "work", path
        parts = [part for part in below.split("/") if part not in ("", ".")]
        if ".." in parts:
            raise PatternMistake(f'the path "{path}" leads out of its folder')
        return _walk("/".join([word, *parts]), self._roots()[word].joinpath(*parts))


def _walk(name: str, path: Path) -> Iterator[Entry]:
    """The path itself and, if it is a folder, everything below it."""
    if path.is_symlink() or not path.is_dir():
        if os.path.lexists(path):
            yield Entry(name, path)
        return
    yield Entry(name, path)
    for child in sorted(path.iterdir()):
        yield from _walk(f"{name}/{child.name}", child)
