"""Tar streams: files into bytes and bytes into files, without ever leaving the folders they are meant for."""

import contextlib
import os
import stat
import tarfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

_BLOCK_BYTES = 64 * 1024


class ArchiveMistake(Exception):
    """A file cannot be packed, or a stream cannot be unpacked; the message names the file."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A regular file, folder or symbolic link at ``path``, to be called ``name``."""

    name: str
    path: Path


def pack(entries: Iterable[Entry], file: IO[bytes]) -> None:
    """Write a pax stream of the entries; owners are left out, of the mode only "may be run" is kept."""
    with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT, bufsize=_BLOCK_BYTES) as archive:
        for entry in entries:
            try:
                _pack_one(entry, archive)
            except OSError as error:
                raise ArchiveMistake(f'"{entry.name}" cannot be packed: {error.strerror or error}') from error


def _pack_one(entry: Entry, archive: tarfile.TarFile) -> None:
    status = entry.path.lstat()
    member = tarfile.TarInfo(entry.name)
    member.mtime = int(status.st_mtime)
    member.mode = 0o755 if status.st_mode & stat.S_IXUSR else 0o644
    if stat.S_ISLNK(status.st_mode):
        member.type, member.linkname = tarfile.SYMTYPE, os.readlink(entry.path)  # noqa: PTH115
        archive.addfile(member)
    elif stat.S_ISDIR(status.st_mode):
        member.type = tarfile.DIRTYPE
        archive.addfile(member)
    elif stat.S_ISREG(status.st_mode):
        # Never follow or wait for what a step has put in the file's place meanwhile.
        descriptor = os.open(entry.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as content:  # noqa: PTH123
            status = os.fstat(descriptor)
            if stat.S_ISREG(status.st_mode):
                member.size = status.st_size
                archive.addfile(member, content)


def unpack(file: IO[bytes], roots: Mapping[str, Path], own: Callable[[Path], None], *, links: bool) -> int:
    """Lay down the folders, files and (if ``links``) symbolic links of a stream; how many files there were.

    ``roots`` tells where the names with a certain first part go, "" being all names as they are. Nothing is
    written outside of the roots; other kinds of members are passed over.
    """
    count = 0
    try:
        with tarfile.open(fileobj=file, mode="r|", bufsize=_BLOCK_BYTES) as archive:
            for member in archive:
                count += _unpack_one(archive, member, roots, own, links)
        # Whatever is behind the archive's end is read too, or its sender would wait for ever.
        while file.read(_BLOCK_BYTES):
            pass
    except tarfile.TarError as error:
        raise ArchiveMistake(f"what arrived is no tar stream: {error}") from error
    except OSError as error:
        raise ArchiveMistake(
            f"cannot write {error.filename or 'what arrived'}: {error.strerror or error}"
        ) from error
    return count


def _unpack_one(
    archive: tarfile.TarFile,
    member: tarfile.TarInfo,
    roots: Mapping[str, Path],
    own: Callable[[Path], None],
    links: bool,
) -> int:
    root, parts = _place(member.name, roots)
    if not parts:
        return 0
    folder = _make_folders(root, parts if member.isdir() else parts[:-1], own)
    target = folder / parts[-1]
    if member.isfile():
        _write_file(archive.extractfile(member), target, member.mode)
    elif member.issym() and links:
        _make_way(target)
        target.symlink_to(member.linkname)
    else:
        return 0
    own(target)
    return 1


def _place(name: str, roots: Mapping[str, Path]) -> tuple[Path, list[str]]:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or "\0" in name:
        raise ArchiveMistake(f'"{name}" leads out of its folder')
    if "" in roots:
        return roots[""], parts
    if not parts or parts[0] not in roots:
        raise ArchiveMistake(f'"{name}" belongs into no folder of this job')
    return roots[parts[0]], parts[1:]


def _make_folders(root: Path, parts: list[str], own: Callable[[Path], None]) -> Path:
    folder = root
    for part in parts:
        folder = folder / part
        if folder.is_symlink():
            # A link in the checkout may lead anywhere; only one that stays inside is a folder of ours.
            if not folder.resolve().is_relative_to(root.resolve()):
                raise ArchiveMistake(f'"{folder}" is a link that leads out of its folder')
        elif not folder.is_dir():
            folder.mkdir()
            own(folder)
    return folder


def _make_way(target: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        target.unlink()


def _write_file(content: Any, target: Path, mode: int) -> None:
    _make_way(target)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(target, flags, 0o755 if mode & stat.S_IXUSR else 0o644)
    with open(descriptor, "wb") as file:  # noqa: PTH123
        while block := content.read(_BLOCK_BYTES):
            file.write(block)
