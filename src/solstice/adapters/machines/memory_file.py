"""Files of memory that nobody can change any more: what every clone of a template shares."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

BLOCK = 1 << 20
# <linux/fcntl.h>; Python's fcntl has the names from 3.12 on or only on some platforms.
F_ADD_SEALS = 1033
F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE = 1, 2, 4, 8
SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE


def data_blocks(descriptor: int, size: int) -> Iterator[tuple[int, bytes]]:
    """The blocks of a sparse file that hold any data, as (offset, bytes); each begins at a multiple of
    `BLOCK`, so that the same content gives the same blocks wherever the file system put its holes."""
    offset = 0
    while offset < size:
        try:
            offset = os.lseek(descriptor, offset, os.SEEK_DATA) // BLOCK * BLOCK
        except OSError:
            return
        yield offset, os.pread(descriptor, min(BLOCK, size - offset), offset)
        offset += BLOCK


def digest_file(path: Path) -> str:
    """SHA-256 over a file's size, and place and content of every block that is not all zeros."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        total = _Digest(size)
        for offset, data in data_blocks(file.fileno(), size):
            total.add(offset, data)
        return total.value()


def load_sealed(path: Path, digest: str) -> int:
    """``path`` as a sealed memory file, its descriptor; raises `ValueError` if its digest is another.

    Sealed means that nobody, root included, can write to it, resize it or map it shared and writable:
    QEMU maps it privately, so what was checked here is what every clone starts from.
    """
    descriptor = os.memfd_create(path.name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            os.ftruncate(descriptor, size)
            total = _Digest(size)
            for offset, data in data_blocks(file.fileno(), size):
                if total.add(offset, data):
                    os.pwrite(descriptor, data, offset)
        if total.value() != digest:
            raise ValueError(f"{path.name} is not what was saved: its digest differs")
        fcntl.fcntl(descriptor, F_ADD_SEALS, SEALS)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


class _Digest:
    def __init__(self, size: int) -> None:
        self._hash = hashlib.sha256(str(size).encode())
        self._zeros = bytes(BLOCK)

    def add(self, offset: int, data: bytes) -> bool:
        """Take a block in; False if it is all zeros, which counts as a hole."""
        if data == self._zeros[: len(data)]:
            return False
        self._hash.update(offset.to_bytes(8, "big"))
        self._hash.update(data)
        return True

    def value(self) -> str:
        return self._hash.hexdigest()
