"""Artifacts as files of this computer: the stream as it came, and its files laid out for people."""

import asyncio
import hashlib
import os
import re
import secrets
import shutil
import tarfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from solstice.adapters.faults import disk_fault
from solstice.domain.errors import AuthorMistake
from solstice.domain.event import ArtifactStored, Event
from solstice.domain.job import Job

CHUNK = 64 * 1024
END = bytes(1024)
"""Two empty blocks."""
LONGEST_PART, LONGEST_PATH, MOST_PARTS = 255, 1024, 64
LONGEST_RECORD = 64 * 1024
ABOUT_THE_NEXT = (
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.GNUTYPE_SPARSE),
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
)
"""Members that say something about the one after them."""


@dataclass(frozen=True, slots=True)
class FileReceipt:
    """What was stored."""

    size: int
    sha256: str
    files: int


class FileArtifacts:
    """Artifacts in ``folder``: ``<job>/<artifact>/…`` for people; in ``streams`` as they came."""

    def __init__(self, folder: Path, streams: Path, tell: Callable[[Event], None]) -> None:
        self._folder, self._streams, self._tell = folder, streams, tell

    async def put(self, job: Job, name: str, data: AsyncIterator[bytes]) -> FileReceipt:
        """Store the stream, then lay out its files; nothing is visible before it is whole."""
        stream = self._stream(job, name)
        part = stream.with_name(f".{secrets.token_hex(8)}")
        try:
            await asyncio.to_thread(part.parent.mkdir, parents=True, exist_ok=True)
            digest, size = await _receive(part, data)
            files = await asyncio.to_thread(unpack, part, self._files(job, name))
            await asyncio.to_thread(os.replace, part, stream)
        except OSError as error:
            raise disk_fault(f'cannot store artifact "{name}" of {job.plan.id}', error) from error
        finally:
            part.unlink(missing_ok=True)
        self._tell(ArtifactStored(job, name, size, digest, files))
        return FileReceipt(size, digest, files)

    async def get(self, job: Job, name: str) -> AsyncIterator[bytes]:
        """The stream again."""
        try:
            file = await asyncio.to_thread(self._stream(job, name).open, "rb")
        except FileNotFoundError:
            raise KeyError(name) from None
        with file:
            while data := await asyncio.to_thread(file.read, CHUNK):
                yield data

    def _stream(self, job: Job, name: str) -> Path:
        return self._streams / file_name(job.plan.id) / f"{file_name(name)}.tar"

    def _files(self, job: Job, name: str) -> Path:
        return self._folder / file_name(job.plan.id) / file_name(name)


async def _receive(part: Path, data: AsyncIterator[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with await asyncio.to_thread(part.open, "wb") as file:
        async for chunk in data:
            digest.update(chunk)
            size += len(chunk)
            await asyncio.to_thread(file.write, chunk)
    return digest.hexdigest(), size


def file_name(name: str) -> str:
    """``name`` as one harmless part of a path; names that differ stay different.

    >>> file_name("wheels"), file_name("../etc")
    ('wheels', 'etc-f7f912')
    """
    harmless = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-") or "unnamed"
    if harmless == name and len(name) <= 100:
        return name
    return f"{harmless[:100]}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"


class _Member(tarfile.TarInfo):
    """A member whose long names and records, which are read at once, cannot fill the memory."""

    def _proc_member(self, tar: tarfile.TarFile) -> Any:
        if self.type in ABOUT_THE_NEXT and self.size > LONGEST_RECORD:
            raise AuthorMistake("an artifact's stream is broken: a record in it is too long")
        return super()._proc_member(tar)  # type: ignore[misc]


def unpack(stream: Path, target: Path) -> int:
    """Lay out a guest's tar stream below ``target``, regular files only; returns how many.

    Anything else in it, or a path that would leave ``target``, is refused: a guest is hostile.
    """
    work = target.with_name(f".{secrets.token_hex(8)}")
    work.mkdir(parents=True)
    count = 0
    try:
        with tarfile.open(stream, "r|", tarinfo=_Member) as tar:
            for member in tar:
                _unpack_member(tar, member, work)
                count += member.isreg()
        _check_end(stream, tar.offset)
        shutil.rmtree(target, ignore_errors=True)
        work.rename(target)
    except (tarfile.TarError, UnicodeError, ValueError) as error:
        raise AuthorMistake(f"an artifact's stream is broken: {error}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return count


def _check_end(stream: Path, offset: int) -> None:
    # The library takes a stream that was cut between two files, or anything it cannot read, for its end.
    with stream.open("rb") as file:
        file.seek(offset)
        if file.read(len(END)) != END:
            raise AuthorMistake("an artifact's stream is broken: it has no end")


def _unpack_member(tar: tarfile.TarFile, member: tarfile.TarInfo, work: Path) -> None:
    path = _harmless(member.name)
    content = tar.extractfile(member) if member.isreg() and not member.issparse() else None
    if content is None and not member.isdir():
        raise AuthorMistake(f"an artifact holds something that is no regular file: {member.name!r}")
    place = work / path
    try:
        if content is None:
            place.mkdir(parents=True, exist_ok=True)
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("xb") as file:
            shutil.copyfileobj(content, file, CHUNK)
    except (FileExistsError, NotADirectoryError):
        raise AuthorMistake(f"an artifact holds two things of one name: {member.name!r}") from None
    place.chmod(0o755 if member.mode & 0o100 else 0o644)


def _harmless(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
        raise AuthorMistake(f"an artifact holds a path that leaves it: {name[:200]!r}")
    too_long = any(len(os.fsencode(part)) > LONGEST_PART for part in path.parts)
    if too_long or len(path.parts) > MOST_PARTS or len(os.fsencode(name)) > LONGEST_PATH:
        raise AuthorMistake(f"an artifact holds a path that is too long: {name[:200]!r}")
    return path
