"""What every store of artifacts does, and what it refuses to take from a guest."""

import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from solstice.adapters.artifact_files import FileArtifacts
from solstice.domain.errors import AuthorMistake
from solstice.domain.job import Job, JobState
from solstice.orchestrator.ports import ArtifactStore
from tests import builders
from tests.contracts.hostile_tars import HOSTILE
from tests.fakes.guests import stream, tar_of
from tests.fakes.stores import FakeArtifacts

JOB = builders.job(JobState.RUNNING, builders.job_plan("build"))
OTHER = builders.job(JobState.RUNNING, builders.job_plan("other"))
FILES = {"dist/a.whl": bytes(range(256)) * 300, "dist/sub/b.txt": b"b", "empty": b""}


@dataclass(frozen=True)
class Case:
    store: ArtifactStore
    left: Callable[[], object]
    """What the store holds of any kind."""


@pytest.fixture(params=["fake", "files"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    if request.param == "fake":
        fake = FakeArtifacts()
        return Case(fake, lambda: sorted(fake.kept))
    folder = tmp_path / "artifacts"
    return Case(FileArtifacts(folder, folder / ".streams", lambda event: None), lambda: files_below(folder))


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


async def read(store: ArtifactStore, name: str = "wheels", job: Job = JOB) -> bytes:
    return b"".join([chunk async for chunk in store.get(job, name)])


async def test_a_stream_comes_back_as_it_was_with_its_receipt(case: Case) -> None:
    data = tar_of(FILES)
    receipt = await case.store.put(JOB, "wheels", stream(data))
    assert (receipt.size, receipt.files) == (len(data), 3)
    assert receipt.sha256 == hashlib.sha256(data).hexdigest()
    assert await read(case.store) == data


async def test_an_artifact_without_files_is_one(case: Case) -> None:
    assert (await case.store.put(JOB, "none", stream(tar_of({})))).files == 0
    assert await read(case.store, "none") == tar_of({})


async def test_what_was_never_stored_is_not_found(case: Case) -> None:
    await case.store.put(JOB, "wheels", stream(tar_of(FILES)))
    for job, name in ((JOB, "other"), (OTHER, "wheels"), (JOB, "../build/wheels"), (JOB, "")):
        with pytest.raises(KeyError):
            await read(case.store, name, job)


async def test_a_later_stream_of_the_same_name_takes_the_place_of_the_older(case: Case) -> None:
    await case.store.put(JOB, "wheels", stream(tar_of({"old": b"1"})))
    await case.store.put(JOB, "wheels", stream(tar_of({"new": b"2"})))
    assert await read(case.store) == tar_of({"new": b"2"})
    assert not any("old" in str(name) for name in case.left())  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "name", ["../up", "/etc/passwd", "a/b", ".", "..", "x" * 3000, "ü ✓", "-rf", ".part"]
)
async def test_any_name_is_only_a_name(case: Case, name: str, tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())
    await case.store.put(JOB, name, stream(tar_of({"a": b"1"})))
    await case.store.put(JOB, f"{name}2", stream(tar_of({"a": b"2"})))
    assert await read(case.store, name) == tar_of({"a": b"1"})
    assert {path.name for path in set(tmp_path.iterdir()) - before} <= {"artifacts"}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_stream_is_the_authors_mistake_and_leaves_nothing(case: Case, data: bytes) -> None:
    with pytest.raises(AuthorMistake):
        await case.store.put(JOB, "wheels", stream(data))
    assert case.left() == []
    with pytest.raises(KeyError):
        await read(case.store)


async def test_a_hostile_stream_does_not_touch_what_was_stored_before(case: Case) -> None:
    await case.store.put(JOB, "wheels", stream(tar_of(FILES)))
    before = case.left()
    with pytest.raises(AuthorMistake):
        await case.store.put(JOB, "wheels", stream(HOSTILE["parent"]))
    assert case.left() == before
    assert await read(case.store) == tar_of(FILES)


async def test_a_stream_that_breaks_off_is_not_visible(case: Case) -> None:
    async def breaks() -> AsyncIterator[bytes]:
        yield tar_of(FILES)
        raise RuntimeError("the guest is gone")

    with pytest.raises(RuntimeError):
        await case.store.put(JOB, "wheels", breaks())
    assert case.left() == []


@given(place=st.integers(0, 4000), value=st.integers(0, 255))
@example(place=156, value=ord("x"))
@example(place=1024 + 124, value=0x80)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_one_byte_changed_anywhere_never_breaks_the_store(
    tmp_path: Path, place: int, value: int
) -> None:
    """Either it is still a tar of plain files, or it is refused as the author's mistake."""
    data = bytearray(tar_of({"a/b": b"1" * 600, "c": b"2", "d" * 150: b"3"}))
    data[place % len(data)] = value
    store = FileArtifacts(tmp_path / "artifacts", tmp_path / "streams", lambda event: None)
    with contextlib.suppress(AuthorMistake):
        await store.put(JOB, "wheels", stream(bytes(data)))
    assert {path.name for path in tmp_path.iterdir()} <= {"artifacts", "streams"}
