"""Memory files: the same content has the same digest, and what was checked cannot change any more."""

import mmap
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solstice.adapters.machines.memory_file import BLOCK, digest_file, load_sealed


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Three blocks of data with holes between and behind them."""
    path = tmp_path / "ram"
    with path.open("wb") as file:
        for block in (0, 3, 7):
            file.seek(block * BLOCK)
            file.write(bytes([block + 1]) * BLOCK)
        file.truncate(10 * BLOCK)
    return path


@pytest.fixture
def sealed(saved: Path) -> Iterator[int]:
    descriptor = load_sealed(saved, digest_file(saved))
    yield descriptor
    os.close(descriptor)


def test_a_sealed_file_holds_what_was_saved(saved: Path, sealed: int) -> None:
    assert os.pread(sealed, 11 * BLOCK, 0) == saved.read_bytes()


def test_holes_stay_holes(sealed: int) -> None:
    assert os.fstat(sealed).st_blocks * 512 == 3 * BLOCK


def test_zeros_that_were_written_count_as_holes(saved: Path, tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.write_bytes(saved.read_bytes())
    assert full.stat().st_blocks > saved.stat().st_blocks
    assert digest_file(full) == digest_file(saved)


def test_nobody_can_change_a_sealed_file(sealed: int) -> None:
    with pytest.raises(PermissionError):
        os.pwrite(sealed, b"x", 0)
    with pytest.raises(PermissionError):
        os.ftruncate(sealed, 0)
    with pytest.raises(PermissionError):
        mmap.mmap(sealed, BLOCK, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)


def test_a_private_map_of_a_sealed_file_is_writable_and_changes_nothing(sealed: int) -> None:
    with mmap.mmap(sealed, BLOCK, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE) as private:
        private[:4] = b"mine"
    assert os.pread(sealed, 4, 0) == b"\1\1\1\1"


@pytest.mark.parametrize("place", [0, 5 * BLOCK - 1, 8 * BLOCK - 1, 10 * BLOCK - 1])
def test_one_changed_byte_is_noticed_and_nothing_stays_open(saved: Path, place: int) -> None:
    digest, before = digest_file(saved), open_files()
    with saved.open("r+b") as file:
        file.seek(place)
        file.write(b"\xff")
    with pytest.raises(ValueError, match="ram is not what was saved"):
        load_sealed(saved, digest)
    assert open_files() == before


def test_a_file_that_lost_or_gained_a_hole_at_its_end_is_noticed(saved: Path) -> None:
    digest = digest_file(saved)
    for size in (9 * BLOCK, 11 * BLOCK):
        os.truncate(saved, size)
        with pytest.raises(ValueError, match="differs"):
            load_sealed(saved, digest)


def test_blocks_that_changed_places_are_noticed(saved: Path) -> None:
    digest, data = digest_file(saved), saved.read_bytes()
    saved.write_bytes(
        data[3 * BLOCK : 4 * BLOCK] + data[BLOCK : 3 * BLOCK] + data[:BLOCK] + data[4 * BLOCK :]
    )
    with pytest.raises(ValueError, match="differs"):
        load_sealed(saved, digest)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6 * BLOCK), st.binary(min_size=1, max_size=40)), max_size=6))
def test_any_sparse_file_is_loaded_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[tuple[int, bytes]]
) -> None:
    path = tmp_path_factory.mktemp("sparse") / "ram"
    with path.open("wb") as file:
        for place, data in pieces:
            file.seek(place)
            file.write(data)
    descriptor = load_sealed(path, digest_file(path))
    try:
        size = os.fstat(descriptor).st_size
        assert os.pread(descriptor, size + 1, 0) == path.read_bytes()
    finally:
        os.close(descriptor)
        path.unlink()
