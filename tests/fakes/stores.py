"""Logs, artifacts, sources and secrets, held in memory."""

import asyncio
import hashlib
import io
import tarfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from solstice.domain.errors import AuthorMistake
from solstice.domain.job import Job, JobId
from solstice.domain.pipeline import Pipeline
from solstice.domain.plan import Checkout


class FakeLogs:
    """A byte string for each attempt."""

    def __init__(self) -> None:
        self.kept: dict[tuple[JobId, int], bytes] = {}

    async def append(self, job: JobId, epoch: int, offset: int, data: bytes) -> int:
        have = self.kept.setdefault((job, epoch), b"")
        if offset <= len(have):
            have += data[len(have) - offset :]
            self.kept[job, epoch] = have
        return len(have)

    async def read(self, job: JobId, epoch: int, offset: int, limit: int) -> bytes:
        return self.kept.get((job, epoch), b"")[offset : offset + limit]


@dataclass(frozen=True, slots=True)
class FakeReceipt:
    """What was stored."""

    size: int
    sha256: str
    files: int


class FakeArtifacts:
    """A byte string for each artifact; what is no tar of plain files is refused."""

    def __init__(self) -> None:
        self.kept: dict[tuple[JobId, str], bytes] = {}

    async def put(self, job: Job, name: str, data: AsyncIterator[bytes]) -> FakeReceipt:
        whole = b"".join([chunk async for chunk in data])
        files = _count_files(whole)
        self.kept[job.id, name] = whole
        return FakeReceipt(len(whole), hashlib.sha256(whole).hexdigest(), files)

    async def get(self, job: Job, name: str) -> AsyncIterator[bytes]:
        whole = self.kept[job.id, name]
        for start in range(0, len(whole), 1000):
            yield whole[start : start + 1000]


def _count_files(whole: bytes) -> int:
    seen: set[tuple[str, ...]] = set()
    try:
        with tarfile.open(fileobj=io.BytesIO(whole), mode="r|") as tar:
            for member in tar:
                if member.isdir():
                    continue
                parts = tuple(member.name.split("/"))
                if not member.isreg() or member.issparse() or _is_odd(parts):
                    raise AuthorMistake(f"an artifact may not hold {member.name[:100]!r}")
                if any(parts[: len(one)] == one or one[: len(parts)] == parts for one in seen):
                    raise AuthorMistake(f"an artifact holds {member.name!r} twice")
                seen.add(parts)
                tar.extractfile(member).read()  # type: ignore[union-attr]
            end = tar.offset
    except tarfile.TarError as error:
        raise AuthorMistake(f"an artifact's stream is broken: {error}") from error
    if whole[end : end + 1024] != bytes(1024):
        raise AuthorMistake("an artifact's stream has no end")
    return len(seen)


def _is_odd(parts: tuple[str, ...]) -> bool:
    return len(parts) > 50 or any(part in ("", "..") or len(part) > 200 for part in parts)


@dataclass(frozen=True, slots=True)
class FakeBundle:
    """A bundle that no git reads."""

    path: Path
    commit: str = "1" * 40
    ref: str = "refs/heads/solstice"
    size: int = 0
    sha256: str = ""
    shallow: bool = True


class FakeSources:
    """The same bundle for everybody, or an error; no bundle: the guest clones by itself."""

    def __init__(self, bundle: FakeBundle | None = None) -> None:
        self.packed = bundle
        self.error: Exception | None = None

    async def bundle(self, pipeline: Pipeline, checkout: Checkout) -> FakeBundle | None:
        if self.error:
            raise self.error
        return self.packed


class FakeSecrets:
    """Values for the names a job declares."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self.values = values or {}

    async def release(self, job: Job) -> Mapping[str, str]:
        await asyncio.sleep(0)  # as any real store does, it lets others go first
        return {name: self.values[name] for name in job.plan.secrets if name in self.values}
