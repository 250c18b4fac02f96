"""Tar streams between folders: what goes in comes out, and nowhere else."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from solstice.agent.archive import ArchiveMistake, Entry, pack, unpack


def leave(path: Path) -> None:
    """The files stay whose they are."""


def packed(*entries: Entry) -> io.BytesIO:
    buffer = io.BytesIO()
    pack(entries, buffer)
    buffer.seek(0)
    return buffer


def test_files_folders_and_links_come_out_as_they_went_in(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/run").write_bytes(b"#!")
    (tmp_path / "in/run").chmod(0o700)
    (tmp_path / "in/link").symlink_to("run")
    os.mkfifo(tmp_path / "in/pipe")
    (tmp_path / "out").mkdir()
    stream = packed(*(Entry(f"work/{name}", tmp_path / "in" / name) for name in ("run", "link", "pipe")))
    assert unpack(stream, {"work": tmp_path / "out"}, leave, links=True) == 2
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["link", "run"]
    assert (tmp_path / "out/link").readlink() == Path("run")
    assert (tmp_path / "out/run").stat().st_mode & 0o111


def test_what_is_in_the_way_is_replaced_and_never_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"untouched")
    (tmp_path / "out").mkdir()
    (tmp_path / "out/f").symlink_to("../victim")
    (tmp_path / "new").write_bytes(b"new")
    unpack(packed(Entry("f", tmp_path / "new")), {"": tmp_path / "out"}, leave, links=False)
    assert (tmp_path / "victim").read_bytes() == b"untouched"
    assert (tmp_path / "out/f").read_bytes() == b"new"


def test_a_link_laid_down_first_does_not_lead_the_next_file_out(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        link = tarfile.TarInfo("way")
        link.type, link.linkname = tarfile.SYMTYPE, ".."
        archive.addfile(link)
        archive.addfile(tarfile.TarInfo("way/evil"), io.BytesIO())
    buffer.seek(0)
    (tmp_path / "out").mkdir()
    with pytest.raises(ArchiveMistake, match="a link that leads out"):
        unpack(buffer, {"": tmp_path / "out"}, leave, links=True)
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("cut", [1, 511, 700, 1500])
def test_half_a_stream_or_noise_is_a_mistake(tmp_path: Path, cut: int) -> None:
    (tmp_path / "f").write_bytes(bytes(2000))
    whole = packed(Entry("f", tmp_path / "f")).getvalue()
    for content in (whole[:cut], b"noise" * 500):
        with pytest.raises(ArchiveMistake):
            unpack(io.BytesIO(content), {"": tmp_path / "out"}, leave, links=False)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArchiveMistake, match='"gone" cannot be packed'):
        packed(Entry("gone", tmp_path / "gone"))
