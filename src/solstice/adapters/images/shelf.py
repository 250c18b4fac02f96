"""The cache folder of images: where each thing lies, and how it gets there whole or not at all."""

import errno
import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from solstice.domain.errors import MachineFault

_CHUNK = 1 << 20
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Shelf:
    """``root`` holds ``content/<digest>/``, ``index/<key>.json``, ``locks/``, ``work/<key>/`` and ``pins/``.

    A key names where an image comes from, a digest what it is. Only whoever holds a key's lock writes
    below ``work/<key>`` and to ``index/<key>.json``.
    """

    root: Path

    def content(self, digest: str) -> Path:
        return self.root / "content" / digest

    def index(self, key: str) -> Path:
        return self.root / "index" / f"{key}.json"

    def lock(self, key: str) -> Path:
        return self.root / "locks" / f"{key}.lock"

    def pin(self, key: str) -> Path:
        return self.root / "pins" / f"{key}.json"

    @property
    def works(self) -> Path:
        return self.root / "work"

    def work(self, key: str) -> Path:
        return self.works / key

    def lay_out(self) -> None:
        """Make the folders; safe to call at every use."""
        with translate_disk_errors(self.root):
            for name in ("content", "index", "locks", "pins", "work"):
                (self.root / name).mkdir(parents=True, exist_ok=True)

    def digests(self) -> tuple[str, ...]:
        return tuple(sorted(path.name for path in _list(self.root / "content")))

    def records(self) -> dict[Path, dict[str, str]]:
        """Every index record by its file."""
        files = [path for path in _list(self.root / "index") if path.suffix == ".json"]
        return {path: self.read_record(path) for path in sorted(files)}

    def read_record(self, path: Path) -> dict[str, str]:
        """A small JSON record, empty when there is none or it is damaged (then it is made again)."""
        try:
            record = json.loads(path.read_text())
        except (OSError, ValueError):
            return {}
        return record if isinstance(record, dict) else {}

    def write_record(self, path: Path, record: Mapping[str, str]) -> None:
        """Replace a record: readers see the old one or the new one."""
        with translate_disk_errors(path):
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            try:
                with os.fdopen(handle, "w") as file:
                    json.dump(dict(record), file, indent=1, sort_keys=True)
                    file.flush()
                    os.fsync(file.fileno())
                Path(temporary).chmod(0o644)
                Path(temporary).replace(path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
            sync_folder(path.parent)

    def publish(self, folder: Path) -> str:
        """Move the files of ``folder`` to their place under the digest of them all; return the digest."""
        with translate_disk_errors(self.root):
            sums = {path.name: hash_file(path) for path in sorted(folder.iterdir())}
            (folder / MANIFEST).write_text(json.dumps(sums, indent=1, sort_keys=True))
            digest = digest_manifest(sums)
            for path in folder.iterdir():
                path.chmod(0o444)
                sync_file(path)
            sync_folder(folder)
            self._place(folder, self.content(digest))
        return digest

    def _place(self, folder: Path, target: Path) -> None:
        try:
            folder.rename(target)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
            # Somebody made the very same bytes before; what became of them since is not what was asked for.
            if find_damage(target, target.name):
                self.discard(target.name)
                folder.rename(target)
            else:
                remove_tree(folder)
        # After the move: moving a folder that may not be written is refused to everybody but root.
        target.chmod(0o555)
        sync_folder(target.parent)

    def discard(self, digest: str) -> None:
        """Take a content away in one step; machines that have its files open keep them."""
        trash = Path(tempfile.mkdtemp(dir=self.works, prefix="trash-"))
        target = self.content(digest)
        with suppress(FileNotFoundError):
            target.chmod(0o755)
            target.rename(trash / digest)
        remove_tree(trash)


def find_damage(folder: Path, digest: str) -> tuple[str, ...]:
    """Hash a content again; one line for each file that is not what it was."""
    try:
        sums = json.loads((folder / MANIFEST).read_text())
        is_sound = isinstance(sums, dict) and digest_manifest(sums) == digest
    except (OSError, ValueError):
        is_sound = False
    if not is_sound:
        return (f"{MANIFEST} is missing or damaged",)
    complaints = [complaint for name in sorted(sums) if (complaint := _check_file(folder / name, sums[name]))]
    extra = {path.name for path in folder.iterdir()} - {*sums, MANIFEST}
    return (*complaints, *(f"{name} does not belong here" for name in sorted(extra)))


def _check_file(path: Path, expected: str) -> str:
    try:
        found = hash_file(path)
    except OSError as error:
        return f"{path.name}: {error.strerror}"
    return "" if found == expected else f"{path.name} has changed: sha256 {found}, expected {expected}"


def digest_manifest(sums: Mapping[str, str]) -> str:
    """One digest for a set of named files."""
    lines = "".join(f"{name} {value}\n" for name, value in sorted(sums.items()) if name != MANIFEST)
    return hashlib.sha256(lines.encode()).hexdigest()


def hash_file(path: Path, algorithm: str = "sha256") -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def sync_file(path: Path) -> None:
    _sync(path, os.O_RDONLY)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def remove_tree(path: Path) -> None:
    """Remove a folder of ours, read-only or not; what is gone already is fine."""
    for folder, _, _ in os.walk(path):
        with suppress(OSError):
            Path(folder).chmod(stat.S_IRWXU)
    shutil.rmtree(path, ignore_errors=True)


@contextmanager
def translate_disk_errors(path: Path) -> Iterator[None]:
    """Say of a full or unwritable disk what a person can do about it."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise disk_full(path) from error
        raise MachineFault(
            f"cannot write to the image cache at {path}: {error}",
            "Give a --cache-dir that this user may write to.",
        ) from error


def disk_full(path: Path) -> MachineFault:
    """The fault that says there is no room at ``path``."""
    return MachineFault(
        f"there is no room left for images at {path}",
        "Free some space (`solstice images ls`, `solstice images rm NAME`) or give another --cache-dir.",
    )


def _list(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(".")]
    except FileNotFoundError:
        return []


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
