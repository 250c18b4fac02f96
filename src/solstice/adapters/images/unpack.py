"""Unpacking what was fetched: zstd, xz and gz, as a stream with a bound on what comes out."""

import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

import zstandard

from solstice.adapters.images.shelf import translate_disk_errors
from solstice.domain.errors import MachineFault
from solstice.domain.image import Decompress

# Little at a time: what one bite of a bomb can swell to has to fit into memory.
_BITE = 4096
_BLOCK = 1 << 20
_ZEROS = bytes(_BLOCK)
_XZ_MEMORY = 256 << 20
_REPORT = 16 << 20


class _Stream(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


def unpack(source: Path, target: Path, how: Decompress, most_bytes: int, say: Callable[[int], None]) -> None:
    """Write what ``source`` holds to ``target``, with holes for zeros; ``say`` is told the bytes written.

    Raises `MachineFault` when it is damaged, ends too soon, or is more than ``most_bytes``.
    """
    written = reported = 0
    with translate_disk_errors(target), source.open("rb") as packed, target.open("wb") as out:
        try:
            for piece in _read_pieces(packed, how):
                written += len(piece)
                if written > most_bytes:
                    raise MachineFault(
                        f"{source.name} unpacks to more than {most_bytes} bytes",
                        "It is not what its publisher offers, or the cap is too low.",
                    )
                _write_sparse(out, piece)
                if written - reported >= _REPORT:
                    reported = written
                    say(written)
        except (lzma.LZMAError, zlib.error, zstandard.ZstdError, EOFError) as error:
            raise MachineFault(
                f"cannot unpack {source.name} as {how.value}: {error}", "Mend `decompress` in the image map."
            ) from error
        out.truncate(written)


def _read_pieces(packed: BinaryIO, how: Decompress) -> Iterator[bytes]:
    if how is Decompress.NONE:
        while piece := packed.read(_BLOCK):
            yield piece
        return
    stream, rest = _open_stream(how), b""
    while bite := rest or packed.read(_BITE):
        rest = b""
        if stream.eof:
            bite = _drop_padding(bite, how)
            if not bite:
                continue
            stream = _open_stream(how)
        yield stream.decompress(bite)
        rest = stream.unused_data if stream.eof else b""
    if not stream.eof:
        raise EOFError("it ends too soon")


def _drop_padding(rest: bytes, how: Decompress) -> bytes:
    """Between and after streams xz allows zeros, and some writers of gz leave them."""
    return rest if how is Decompress.ZSTD else rest.lstrip(b"\0")


def _open_stream(how: Decompress) -> _Stream:
    if how is Decompress.XZ:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
    if how is Decompress.GZ:
        return zlib.decompressobj(wbits=31)
    return zstandard.ZstdDecompressor().decompressobj()


def _write_sparse(out: BinaryIO, piece: bytes) -> None:
    for start in range(0, len(piece), _BLOCK):
        block = piece[start : start + _BLOCK]
        if block == _ZEROS[: len(block)]:
            out.seek(len(block), 1)
        else:
            out.write(block)
