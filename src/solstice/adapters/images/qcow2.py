"""The header of a disk: is it what the map says, and does it stand alone."""

import struct
from pathlib import Path

from solstice.domain.errors import MachineFault
from solstice.domain.image import DiskFormat

_MAGIC = b"QFI\xfb"
_CORRUPT, _DATA_FILE, _KNOWN_FEATURES = 1 << 1, 1 << 2, 0b11111
_DATA_FILE_NAME = 0x44415441
_HEADER = 104
_MOST_EXTENSIONS_BYTES = 64 * 1024
_LARGEST_DISK = 1 << 50


def check_disk(path: Path, disk_format: DiskFormat, image: str) -> None:
    """Refuse a disk that is not of its declared format, or that would make QEMU open other files.

    The header is the publisher's claim: a qcow2 may name any path of this computer as its backing or
    data file, and a raw disk that looks like qcow2 would be taken for one by a tool that guesses.
    """
    with path.open("rb") as file:
        head = file.read(_MOST_EXTENSIONS_BYTES)
    if disk_format is DiskFormat.RAW:
        if head.startswith(_MAGIC):
            raise _refuse(image, "is declared raw but is a qcow2 file", 'Write `format = "qcow2"`.')
        return
    if not head.startswith(_MAGIC) or len(head) < _HEADER:
        raise _refuse(
            image, "is declared qcow2 but is none", "Mend `format` or `decompress` in the image map."
        )
    complaint = _read_complaint(head)
    if complaint:
        raise _refuse(image, complaint, "Make it stand alone: `qemu-img convert -O qcow2 OLD NEW`.")


def _read_complaint(head: bytes) -> str:
    version, backing, size, crypt = struct.unpack_from(">4xIQ8xQI", head)
    if version not in (2, 3):
        return f"has qcow2 version {version}, which nobody knows"
    if backing:
        return "needs a backing file"
    if crypt:
        return "is encrypted"
    if size > _LARGEST_DISK:
        return f"claims to be a disk of {size} bytes"
    return _read_features(head) if version == 3 else ""


def _read_features(head: bytes) -> str:
    incompatible, length = struct.unpack_from(">Q20xI", head, 72)
    if incompatible & _DATA_FILE or _DATA_FILE_NAME in _list_extensions(head, length):
        return "keeps its data in another file"
    if incompatible & _CORRUPT:
        return "is marked as damaged"
    if incompatible & ~_KNOWN_FEATURES:
        return "uses qcow2 features nobody knows"
    return ""


def _list_extensions(head: bytes, offset: int) -> set[int]:
    kinds: set[int] = set()
    while offset + 8 <= len(head):
        kind, length = struct.unpack_from(">II", head, offset)
        if kind == 0:
            break
        kinds.add(kind)
        offset += 8 + (length + 7) // 8 * 8
    return kinds


def _refuse(image: str, complaint: str, remedy: str) -> MachineFault:
    return MachineFault(f"the disk of the image {image} {complaint}", remedy)
