"""What is looked at before a fetched file is used: checksum files, packing, and the disk's header."""

import gzip
import lzma
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from solstice.adapters.images.checksums import find_digest
from solstice.adapters.images.qcow2 import check_disk
from solstice.adapters.images.unpack import unpack
from solstice.domain.errors import MachineFault, OperatorMistake
from solstice.domain.image import Decompress, DigestKind, DiskFormat

A, B, LONG = "ab" * 32, "cd" * 32, "ef" * 64
PACKERS = [
    pytest.param(Decompress.ZSTD, zstandard.ZstdCompressor().compress, id="zstd"),
    pytest.param(Decompress.XZ, lzma.compress, id="xz"),
    pytest.param(Decompress.GZ, gzip.compress, id="gz"),
]
Pack = Callable[[bytes], bytes]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(f"{B}  other.img\n{A}  disk.img\n", A, id="sha256sum"),
        pytest.param(f"{A} *./sub/disk.img\r\n", A, id="binary, with a folder"),
        pytest.param(
            f"-----BEGIN PGP-----\nSHA256 (disk.img) = {A.upper()}\n-----\niQ==", A, id="BSD, signed"
        ),
        pytest.param(f"{A}\n", A, id="one bare digest"),
        pytest.param(f"{A}  disk.img\n{LONG}  disk.img\n", LONG, id="the stronger of two"),
    ],
)
def test_publishers_checksum_files_are_understood(text: str, expected: str) -> None:
    digest = find_digest(text, "disk.img", "SUMS")
    assert (digest.value, digest.kind) == (expected, DigestKind(len(expected)))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("", "says nothing of disk.img", id="empty"),
        pytest.param(f"{A}  disk.img.sig\n{B}  xdisk.img", "says nothing of disk.img", id="like names"),
        pytest.param(f"{A}  disk.img\n{B}  disk.img", "gives several digests", id="two answers"),
        pytest.param(f"{A}\n{B}\n", "says nothing", id="two bare digests"),
    ],
)
def test_a_checksum_file_that_does_not_answer_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(OperatorMistake, match=complaint):
        find_digest(text, "disk.img", "SUMS")


def run_unpack(tmp_path: Path, packed: bytes, how: Decompress, most_bytes: int = 10**8) -> bytes:
    (tmp_path / "packed").write_bytes(packed)
    unpack(tmp_path / "packed", tmp_path / "out", how, most_bytes, lambda done: None)
    return (tmp_path / "out").read_bytes()


@pytest.mark.parametrize(("how", "pack"), PACKERS)
def test_several_streams_in_one_file_are_one_disk(tmp_path: Path, how: Decompress, pack: Pack) -> None:
    packed = pack(b"a" * 100_000) + pack(b"") + pack(b"b" * 10)
    assert run_unpack(tmp_path, packed, how) == b"a" * 100_000 + b"b" * 10


@pytest.mark.parametrize(("how", "pack"), PACKERS[1:])
def test_zeros_after_a_stream_are_padding(tmp_path: Path, how: Decompress, pack: Pack) -> None:
    assert run_unpack(tmp_path, pack(b"a") + bytes(9000), how) == b"a"


@pytest.mark.parametrize(("how", "pack"), PACKERS)
@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda packed: packed[:-6], id="cut"),
        pytest.param(lambda packed: b"", id="empty"),
        pytest.param(lambda packed: b"not packed at all", id="something else"),
        pytest.param(lambda packed: packed + b"more", id="something after it"),
    ],
)
def test_damaged_packing_is_refused(tmp_path: Path, how: Decompress, pack: Pack, damage: Pack) -> None:
    with pytest.raises(MachineFault, match=f"cannot unpack packed as {how.value}"):
        run_unpack(tmp_path, damage(pack(bytes(range(256)) * 100)), how)


@pytest.mark.slow
@pytest.mark.parametrize(("how", "pack"), PACKERS)
def test_a_bomb_stops_at_the_cap(tmp_path: Path, how: Decompress, pack: Pack) -> None:
    with pytest.raises(MachineFault, match="unpacks to more than 1000000 bytes"):
        run_unpack(tmp_path, pack(bytes(50_000_000)), how, 1_000_000)


def test_zeros_become_holes(tmp_path: Path) -> None:
    assert run_unpack(tmp_path, gzip.compress(bytes(8 << 20)), Decompress.GZ) == bytes(8 << 20)
    assert (tmp_path / "out").stat().st_blocks == 0


def qcow2(
    version: int = 3,
    backing: int = 0,
    size: int = 1 << 30,
    crypt: int = 0,
    features: int = 0,
    more: bytes = b"",
) -> bytes:
    head = struct.pack(">4sIQIIQI", b"QFI\xfb", version, backing, 0, 16, size, crypt)
    head += bytes(72 - len(head)) + struct.pack(">QQQII", features, 0, 0, 4, 104)
    return head + (more or struct.pack(">II", 0, 0)) + bytes(400)


@pytest.mark.parametrize("head", [qcow2(), qcow2(version=2), qcow2(features=1), qcow2(features=8)])
def test_a_disk_that_stands_alone_is_fine(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "disk").write_bytes(head)
    check_disk(tmp_path / "disk", DiskFormat.QCOW2, "x")


@pytest.mark.parametrize(
    ("head", "complaint"),
    [
        pytest.param(qcow2(backing=104), "needs a backing file", id="backing file"),
        pytest.param(qcow2(version=2, backing=104), "needs a backing file", id="backing file, version 2"),
        pytest.param(qcow2(features=4), "data in another file", id="data file flag"),
        pytest.param(
            qcow2(more=struct.pack(">II8s", 0x44415441, 8, b"/etc/key")), "another file", id="data file"
        ),
        pytest.param(qcow2(features=2), "marked as damaged", id="corrupt"),
        pytest.param(qcow2(features=1 << 40), "features nobody knows", id="features"),
        pytest.param(qcow2(crypt=1), "is encrypted", id="encrypted"),
        pytest.param(qcow2(version=9), "version 9", id="version"),
        pytest.param(qcow2(size=1 << 60), "claims to be a disk of", id="size"),
        pytest.param(b"QFI\xfb", "declared qcow2 but is none", id="only a magic"),
        pytest.param(b"\xeb\x63" + bytes(600), "declared qcow2 but is none", id="raw"),
    ],
)
def test_a_disk_that_points_elsewhere_is_refused(tmp_path: Path, head: bytes, complaint: str) -> None:
    (tmp_path / "disk").write_bytes(head)
    with pytest.raises(MachineFault, match=complaint):
        check_disk(tmp_path / "disk", DiskFormat.QCOW2, "x")
