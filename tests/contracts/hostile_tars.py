"""Tar streams a guest must not get away with."""

import io
import tarfile

from tests.fakes.guests import tar_of


def _tar(*members: tarfile.TarInfo, format: int = tarfile.PAX_FORMAT) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=format) as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(bytes(member.size)))
    return whole.getvalue()


def _member(name: str, kind: bytes = tarfile.REGTYPE, *, size: int = 0, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.size, member.linkname = kind, size, link
    return member


def _with_record(kind: bytes, size: int) -> bytes:
    """A header that promises a long name or record of this size, and the beginning of it."""
    head = _member("x", kind)
    head.size = size
    return head.tobuf(tarfile.GNU_FORMAT) + b"a" * 4096 + bytes(1024)


def _sparse(size: int) -> bytes:
    """A file without a byte of data that unpacks to ``size``."""
    member = _member("x")
    member.pax_headers = {
        "GNU.sparse.major": "0",
        "GNU.sparse.minor": "1",
        "GNU.sparse.size": str(size),
        "GNU.sparse.map": f"{size},0",
        "GNU.sparse.name": "x",
    }
    return _tar(member)


def _cut_in_two(name: str) -> bytes:
    """Two files, the second one's header made unreadable."""
    whole = bytearray(tar_of({"a": b"1", name: b"2"}))
    whole[1024 + 148 : 1024 + 156] = b"garbage!"
    return bytes(whole)


HOSTILE: dict[str, bytes] = {
    "parent": tar_of({"../x": b"1"}),
    "parent in the middle": tar_of({"a/../../x": b"1"}),
    "absolute": tar_of({"/tmp/x": b"1"}),
    "symlink": _tar(_member("x", tarfile.SYMTYPE, link="/etc/passwd")),
    "symlink and a file through it": _tar(_member("x", tarfile.SYMTYPE, link="/tmp"), _member("x/y", size=5)),
    "hard link": _tar(_member("x", tarfile.LNKTYPE, link="/etc/passwd")),
    "hard link within": _tar(_member("a"), _member("x", tarfile.LNKTYPE, link="a")),
    "device": _tar(_member("x", tarfile.CHRTYPE)),
    "block device": _tar(_member("x", tarfile.BLKTYPE)),
    "pipe": _tar(_member("x", tarfile.FIFOTYPE)),
    "same name twice": _tar(_member("x", size=5), _member("x", size=6)),
    "a file that is a folder, too": _tar(_member("x", size=5), _member("x/y", size=5)),
    "a folder that is a file, too": _tar(_member("x/y", size=5), _member("x", size=5)),
    "long part": tar_of({"x" * 300: b"1"}),
    "long path": tar_of({"/".join(["d" * 50] * 60): b"1"}),
    "very long path": tar_of({"/".join(["d" * 100] * 1000): b"1"}),
    "deep path": tar_of({"/".join("d" * 1500): b"1"}),
    "sparse": _sparse(1 << 50),
    "huge record": _with_record(tarfile.XHDTYPE, 8 << 30),
    "huge global record": _with_record(tarfile.XGLTYPE, 8 << 30),
    "huge name": _with_record(tarfile.GNUTYPE_LONGNAME, 8 << 30),
    "cut in a file": tar_of({"x": bytes(5000)})[:2000],
    "cut in a header": tar_of({"x": b"1"})[:300],
    "cut between files": tar_of({"x": b"1", "y": b"2"})[:1024],
    "broken in the middle": _cut_in_two("y"),
    "empty": b"",
    "garbage": b"\xff" * 5000,
    "text": b"not a tar\n" * 200,
}
