"""Templates on the disk: saved, never-used machines that warm ones are restored from."""

import asyncio
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from solstice.adapters.faults import disk_fault
from solstice.adapters.machines.memory_file import digest_file, load_sealed

RAM, STATE, DISK, SEED, FACTS = "ram", "state", "disk.qcow2", "seed.iso", "template.json"
FILES = (RAM, STATE, DISK, SEED)
REFUSED_SECONDS = 3600.0
"""How long a template that did not work is not tried again: the host may have been too busy."""
_LEFTOVERS = (".part", ".gone", ".bad")
KEPT = 8
"""Templates kept; the least recently used ones go first."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template of this process: ``ram`` and ``state`` are descriptors of sealed memory files.

    ``lease`` is held as long as a clone may still need the files, so that nobody removes them.
    """

    key: str
    folder: Path
    ram: int
    state: int
    lease: int

    @property
    def disk(self) -> Path:
        """The disk that clones lay their overlays over."""
        return self.folder / DISK

    @property
    def seed(self) -> Path:
        """The CD it was booted with: the agent, and no token."""
        return self.folder / SEED


def template_key(facts: Mapping[str, str]) -> str:
    """The name of a template: a digest of everything it depends on."""
    text = json.dumps(dict(sorted(facts.items())))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def count_templates(root: Path) -> Mapping[str, int]:
    """How many templates there are of each image, by its digest; unchecked, and only of what we may read."""
    found: Counter[str] = Counter()
    for record in root.glob(f"*/{FACTS}"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            if not record.parent.suffix:
                found[str(json.loads(record.read_text())["facts"]["image"])] += 1
    return found


class TemplateShelf:
    """Templates in ``root``, shared by every process of this user; ``group`` may read them beside us."""

    def __init__(self, root: Path, group: int | None) -> None:
        self._root, self._group = root, group

    async def load(self, key: str) -> Template | None:
        """The template, checked and sealed; ``None`` if there is none, or none that can be trusted."""
        return await asyncio.to_thread(self._load, key)

    async def publish(self, key: str, facts: Mapping[str, str], work: Path) -> None:
        """Take the files in ``work`` as the template ``key``: all of them at once, or none."""
        await asyncio.to_thread(self._publish, key, facts, work)

    async def quarantine(self, key: str, reason: str) -> None:
        """Put a template that does not work out of use, with the reason beside it."""
        await asyncio.to_thread(self._quarantine, key, reason)

    def refused(self, key: str) -> str:
        """Why this template was put out of use; "" if it was not."""
        reason = self._root / f"{key}.bad" / "reason"
        with contextlib.suppress(OSError):
            if time.time() - reason.stat().st_mtime < REFUSED_SECONDS:
                return reason.read_text()
        return ""

    @asynccontextmanager
    async def making(self, key: str) -> AsyncIterator[None]:
        """The right to make this template; one process on this computer has it at a time."""
        self._root.mkdir(mode=0o711, parents=True, exist_ok=True)
        lock = os.open(self._root / f"{key}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _load(self, key: str) -> Template | None:
        folder = self._root / key
        try:
            lease = os.open(folder / FACTS, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        fcntl.flock(lease, fcntl.LOCK_SH)
        opened: list[int] = []
        try:
            digests = _read_digests(key, (folder / FACTS).read_text())
            for name in (RAM, STATE):
                opened.append(load_sealed(folder / name, digests[name]))
            for name in (DISK, SEED):
                if digest_file(folder / name) != digests[name]:
                    raise ValueError(f"{name} is not what was saved: its digest differs")
            os.utime(folder)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self._discard(folder, lease)
            for descriptor in (*opened, lease):
                os.close(descriptor)
            return None
        return Template(key, folder, opened[0], opened[1], lease)

    def _publish(self, key: str, facts: Mapping[str, str], work: Path) -> None:
        part = self._root / f"{key}.part"
        try:
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(mode=0o700)
            for name in FILES:
                shutil.move(work / name, part / name)
                self._protect(part / name, 0o440 if self._group is not None else 0o400)
                _sync(part / name)
            digests = {name: digest_file(part / name) for name in FILES}
            (part / FACTS).write_text(_write_record(facts, digests))
            self._protect(part / FACTS, 0o440 if self._group is not None else 0o400)
            _sync(part / FACTS)
            self._protect(part, 0o750 if self._group is not None else 0o700)
            shutil.rmtree(self._root / key, ignore_errors=True)
            part.rename(self._root / key)
            shutil.rmtree(self._root / f"{key}.bad", ignore_errors=True)
            _sync(self._root)
        except OSError as error:
            shutil.rmtree(part, ignore_errors=True)
            raise disk_fault("cannot keep a template", error) from error
        self._prune()

    def _protect(self, path: Path, mode: int) -> None:
        if self._group is not None:
            os.chown(path, 0, self._group)
        path.chmod(mode)

    def _quarantine(self, key: str, reason: str) -> None:
        folder, bad = self._root / key, self._root / f"{key}.bad"
        with contextlib.suppress(OSError):
            shutil.rmtree(bad, ignore_errors=True)
            if folder.exists():
                folder.rename(bad)
            bad.mkdir(mode=0o700, exist_ok=True)
            for name in FILES:
                (bad / name).unlink(missing_ok=True)
            (bad / "reason").write_text(reason)

    def _discard(self, folder: Path, lease: int) -> None:
        # A broken copy says nothing against making another, so this is no quarantine.
        with contextlib.suppress(OSError):
            if not os.path.samestat(os.fstat(lease), (folder / FACTS).stat()):
                return  # Another process has made a new one meanwhile.
            gone = folder.with_name(f"{folder.name}.gone")
            shutil.rmtree(gone, ignore_errors=True)
            folder.rename(gone)
            shutil.rmtree(gone, ignore_errors=True)

    def _prune(self) -> None:
        with contextlib.suppress(OSError):
            for leftover in [path for path in self._root.iterdir() if path.suffix in _LEFTOVERS]:
                self._remove_leftover(leftover)
            kept = [path for path in self._root.iterdir() if (path / FACTS).is_file()]
            kept.sort(key=lambda path: path.stat().st_mtime, reverse=True)
            for folder in kept[KEPT:]:
                _remove_unused(folder)

    def _remove_leftover(self, folder: Path) -> None:
        """What a process that was killed could not put away, and reasons that count no more."""
        if folder.suffix == ".bad":
            if not self.refused(folder.stem):
                shutil.rmtree(folder, ignore_errors=True)
            return
        lock = os.open(folder.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if _try_flock(lock, fcntl.LOCK_EX):
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)


def _write_record(facts: Mapping[str, str], digests: Mapping[str, str]) -> str:
    return json.dumps({"facts": dict(facts), "digests": dict(digests)}, indent=1)


def _read_digests(key: str, text: str) -> Mapping[str, str]:
    """The digests in a record of which every byte is as it was written; `ValueError` otherwise."""
    record = json.loads(text)
    facts, digests = record["facts"], record["digests"]
    if template_key(facts) != key or _write_record(facts, digests) != text:
        raise ValueError(f"{FACTS} is not what was saved")
    return {str(name): str(digest) for name, digest in digests.items()}


def _remove_unused(folder: Path) -> None:
    with contextlib.suppress(OSError):
        lease = os.open(folder / FACTS, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if _try_flock(lease, fcntl.LOCK_EX):
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lease)


def _try_flock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
